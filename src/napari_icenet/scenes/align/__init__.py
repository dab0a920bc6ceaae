"""Scenes onto one grid, and shifts left between their dates. Imports ``scenes.scene`` and ``scenes.grid``."""
