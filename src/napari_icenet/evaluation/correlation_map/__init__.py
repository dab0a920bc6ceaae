"""Correlation of predictors over an area, worked out in processes. Imports ``scoring`` and ``report``.

The names in ``__init__.pyi`` are imported when they are first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

del lazy_loader
