"""Music: learned from MIDI files or frames of pitches, gone on with, drawn, heard, judged beside what was held out."""
