"""Scores of predictions, and the tables, strata and intervals made of them. Imports ``evaluation.settings``."""
