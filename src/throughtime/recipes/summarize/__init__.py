"""Summaries: documents beside short texts of them, learned with attention and copying, judged by ROUGE."""
