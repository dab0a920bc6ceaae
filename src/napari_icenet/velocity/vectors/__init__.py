"""Outlines, lines and points: files of them, and velocities along them. Imports maps and series."""
