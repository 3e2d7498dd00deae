"""Recipes: one application each."""
