"""Sequences of chips cut from stacks, split by area or time and stored for training.

Imports ``matching`` and the rooms above it; imported by ``evaluation``, ``training``, ``cli`` and ``gui``.
"""
