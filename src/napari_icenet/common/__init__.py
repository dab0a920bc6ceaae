"""Parts that every room uses: settings, registries, caches, whole files or none, colours, texts.

Imports ``jobs`` and ``errors`` alone.
"""
