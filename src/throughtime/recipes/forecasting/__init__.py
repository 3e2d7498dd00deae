"""Forecasting recipes: series from a table, and of each the next step's numbers and classes."""
