"""Runs, their curves, chips and results. Imports ``session``."""
