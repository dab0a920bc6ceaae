"""The Velocity tab: maps and series, flowlines, points. Imports ``session``."""
