"""The networks: layers and settings, weights, and the cards that say where those come from.

Imports ``matching`` (devices) and the rooms above it; imported by ``predictors`` and the rooms below it.
"""
