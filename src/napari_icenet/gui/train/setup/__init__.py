"""Setup of a run: data, splits, settings. Imports ``session``."""
