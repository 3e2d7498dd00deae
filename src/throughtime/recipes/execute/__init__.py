"""Programs and what they print: drawn by length and nesting, learned by a curriculum, judged by what they print."""
