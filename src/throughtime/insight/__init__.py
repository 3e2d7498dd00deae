"""What a trained network does inside: gates and states at every step, and what the loss owes to each."""

from throughtime.insight.inspect import Gates, Inspection, inspect

__all__ = ["Gates", "Inspection", "inspect"]
