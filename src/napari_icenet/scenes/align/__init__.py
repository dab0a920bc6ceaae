"""Scenes onto one grid: common ground, whole-pixel shifts, warps. Imports ``scenes.scene`` and ``scenes.grid``."""
