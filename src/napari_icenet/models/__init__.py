"""The networks: layers and settings, weights, and the cards that say where those come from.

Imports ``scenes`` (covariates), ``common`` and ``jobs``; imported by ``predictors`` and the rooms below it.
"""
