"""Captions: images described by sentences, learned from rendered scenes or photographs, judged beside what is there."""
