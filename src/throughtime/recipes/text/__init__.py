"""Text: learned from a corpus, scored beside n-grams, written anew and judged beside what people wrote."""
