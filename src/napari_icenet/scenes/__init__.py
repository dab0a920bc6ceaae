"""Pictures in: products and dated folders on one map grid, with masks and dates.

Imports ``common``, ``jobs`` and ``errors``; every room but these may import it.
"""

import lazy_loader

# rasterio and numpy load only when something of this room is used: `icenet --help` stays quick.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

del lazy_loader
