"""Answers that cannot be right: ice too fast for the search, chips that hold rock, positions that follow the path.

Imported by ``tracking.follow`` and, for maps, by ``velocity``.
"""
