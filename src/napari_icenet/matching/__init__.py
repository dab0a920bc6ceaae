"""Find a chip in a picture: prefilters, correlation, peaks, and what makes a match acceptable.

Imports ``scenes`` and the rooms above it; imported by all that tracks, maps or predicts.
"""
