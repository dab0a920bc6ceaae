"""Correlation of predictors over an area, worked out in processes. Imports ``scoring`` and ``report``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "export": ["write_csv", "write_figure", "write_geotiff", "write_report"],
        "maps": ["CorrelationMaps"],
        "settings": ["MapSettings"],
        "store": ["read_maps", "save_maps"],
    },
)

del lazy_loader
