"""Objectives that are minimised, for each network. Imports ``models``."""
