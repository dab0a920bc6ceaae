"""Losses, the loop, and runs on disk.

Imports every headless room; imported by ``cli`` and ``gui``.
"""
