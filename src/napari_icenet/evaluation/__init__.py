"""Evaluation of predictors: the paper's table and figures, and what correlation alone hides.

Imports ``predictors``, ``datasets`` and the rooms above them; imported by ``training``, ``cli`` and ``gui``.
"""
