"""Where the sequences that are judged come from: a stack or a dataset. Imports ``evaluation.settings``."""
