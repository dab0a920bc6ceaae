"""Name and version of this package, for the record."""

from importlib.metadata import version

__version__ = version("napari-icenet")


def software() -> str:
    """Name and version of this package, as files and tables tell it."""
    return f"napari-icenet {__version__}"
