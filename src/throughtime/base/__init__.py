"""What every floor stands on: errors, atomic files, model files, run folders. Import its modules by name.

`errors` and `atomic` load nothing heavy, so this package re-exports nothing.
"""
