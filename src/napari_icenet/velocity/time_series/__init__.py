"""Velocities through time from many pairs of dates. Imports maps and ``velocity.stable_ground``."""
