"""Velocities along lines and at points: flowlines, GPS. Imports maps, series and ``velocity.vectors``."""
