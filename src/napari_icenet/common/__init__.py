"""What every room uses: settings, registries, caches, whole files or none, colours.

Imports ``jobs`` and ``errors`` alone.
"""
