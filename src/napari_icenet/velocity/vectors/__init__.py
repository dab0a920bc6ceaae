"""Outlines, lines and points on a grid, and files of them. Imports nothing else of ``velocity``."""
