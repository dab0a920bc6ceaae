"""Dense maps of velocity: pairs and series of dates, how far to trust them, and files of them.

Imports ``tracking``, ``matching`` and the rooms above them; imported by ``evaluation`` (figures), ``cli``
and ``gui``.
"""
