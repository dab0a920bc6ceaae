"""Stacks saved as Zarr, and read again. Imports the rest of ``scenes``."""
