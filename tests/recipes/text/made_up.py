"""A small corpus with quotes, indentation and lines, made by a rule."""

from __future__ import annotations

import random


def made_up(lines: int = 300, seed: int = 0) -> str:
    """Lines of a little language: names, calls with arguments in brackets, quoted words, blocks that are indented."""
    draws = random.Random(seed)
    words = ["alpha", "beta", "gamma", "delta"]
    rows, depth = [], 0
    for _ in range(lines):
        depth = max(0, min(3, depth + draws.choice([-1, 0, 0, 1])))
        name, other = draws.choice(words), draws.choice(words)
        rows.append("    " * depth + draws.choice([f"{name}({other})", f'{name} = "{other} {name}"', f"if {name}:"]))
    return "\n".join(rows) + "\n"
