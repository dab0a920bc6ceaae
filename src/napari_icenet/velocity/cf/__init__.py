"""Velocity maps as xarray datasets with CF's names, units and coordinate system.

Imports ``velocity.map_arrays`` and the rooms above ``velocity``; imported by ``velocity.velocity_map``,
``velocity.time_series`` and ``velocity.io``.
"""
