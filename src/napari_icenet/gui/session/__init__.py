"""Stacks open in a viewer, and the layers that show them. Imports ``widgets`` and ``forms``."""
