"""Bands of pixels in files, pictures and arrays, read window by window.

Imports ``scenes.grid`` and ``scenes.scene``.
"""
