"""Open a glacier's satellite archive, click the ice, and watch where it flows.

The names below are imported when they are first used, so that ``import napari_icenet`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_icenet.scenes.open import open_stack
    from napari_icenet.scenes.stack import SceneStack
    from napari_icenet.scenes.summary import summarize
    from napari_icenet.simulation import simulate
    from napari_icenet.tracking.click_tracker import ClickTracker
    from napari_icenet.tracking.export import write_tracks
    from napari_icenet.tracking.follow import follow
    from napari_icenet.tracking.settings import TrackSettings
    from napari_icenet.tracking.track import Track
    from napari_icenet.velocity.io.netcdf import read_netcdf
    from napari_icenet.velocity.io.write import write_maps
    from napari_icenet.velocity.map_pair import map_pair
    from napari_icenet.velocity.pairs import map_pairs, pairs_of
    from napari_icenet.velocity.quality.assess import assess
    from napari_icenet.velocity.settings import VelocitySettings
    from napari_icenet.velocity.time_series.inversion import invert

_HOME = {
    "SceneStack": "scenes.stack",
    "open_stack": "scenes.opening",
    "simulate": "scenes.simulation",
    "summarize": "scenes.summary",
    "ClickTracker": "tracking.clicker",
    "Track": "tracking.track",
    "TrackSettings": "tracking.settings",
    "follow": "tracking.follow",
    "write_tracks": "tracking.export",
    "VelocitySettings": "tracking.velocity.settings",
    "assess": "tracking.velocity.quality",
    "invert": "tracking.velocity.inversion",
    "map_pair": "tracking.velocity.mapping",
    "map_pairs": "tracking.velocity.pairs",
    "pairs_of": "tracking.velocity.pairs",
    "read_netcdf": "tracking.velocity.netcdf",
    "write_maps": "tracking.velocity.output",
}

__all__ = [
    "ClickTracker",
    "SceneStack",
    "Track",
    "TrackSettings",
    "VelocitySettings",
    "__version__",
    "assess",
    "follow",
    "invert",
    "map_pair",
    "map_pairs",
    "open_stack",
    "pairs_of",
    "read_netcdf",
    "simulate",
    "summarize",
    "write_maps",
    "write_tracks",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("napari-icenet")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
