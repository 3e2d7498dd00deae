"""The purchase recipe: of very many items, what each customer buys next."""
