"""Sources of the sequences that are judged: a stack or a dataset.

Imports ``evaluation.scoring`` and ``evaluation.settings``; imported by ``evaluation``.
"""
