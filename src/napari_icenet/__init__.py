"""Open a glacier's satellite archive, click the ice, and watch where it flows.

The names in ``__init__.pyi`` are imported when they are first used, so that ``import napari_icenet`` costs nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

del lazy_loader
