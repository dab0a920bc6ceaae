"""Objectives that are minimised, for each network. Imports ``training.data``, ``predictors`` and ``models``."""
