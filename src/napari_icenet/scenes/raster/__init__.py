"""Bands of pixels in files, pictures and arrays, read window by window. Imports nothing above ``scenes.grid``."""
