"""The recipe `forecast`: several steps ahead, of many series in one table."""
