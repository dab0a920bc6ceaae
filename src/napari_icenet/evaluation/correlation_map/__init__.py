"""Correlation of predictors over an area, worked out in processes. Imports ``scoring`` and ``report``."""
