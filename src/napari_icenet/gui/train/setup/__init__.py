"""What a run will be: data, splits, settings. Imports ``session``."""
