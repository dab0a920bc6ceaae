"""Sources of the sequences that are judged: a stack or a dataset. Imports ``evaluation.settings``."""
