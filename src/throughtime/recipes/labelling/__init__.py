"""Sequences told apart: DNA, texts and series, from the files their users have."""
