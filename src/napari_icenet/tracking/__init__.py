"""Follow chips through time, live and undoable.

Imports ``matching`` and the rooms above it; imported by ``velocity``, ``evaluation``, ``cli`` and ``gui``.
"""
