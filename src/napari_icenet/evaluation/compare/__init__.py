"""Predictors side by side on one chip. Imports ``evaluation.scoring``."""
