"""The installed version of napari-icenet, as its metadata tell it."""

from importlib.metadata import version

__version__ = version("napari-icenet")
