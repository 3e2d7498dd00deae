"""Handwriting: phrases in the stroke fonts of A. V. Hershey, written anew and read back."""
