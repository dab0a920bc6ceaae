"""Landsat products: names, metadata, files, quality bits. Imported by ``scenes``; imports ``raster``."""
