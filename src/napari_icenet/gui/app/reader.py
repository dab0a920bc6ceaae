"""napari's reader: product folders, folders of dated images, saved stacks and sessions, and samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_icenet.errors import IceNetError
from napari_icenet.gui.session.open_sample import SIMULATED, is_sample, open_sample
from napari_icenet.scenes.dask_array import lazy_array
from napari_icenet.scenes.detect import SESSION_SUFFIX, looks_like_scenes
from napari_icenet.scenes.statistics import contrast

LayerData = tuple[Any, ...]
#: What a reader returns that has added its layers by itself.
NO_LAYERS: list[LayerData] = [(None,)]


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """The reader, if the path looks like scenes; no file is opened to find out.

    Parameters
    ----------
    path : str or sequence of str
        Of several, the first decides.
    """
    first = path if isinstance(path, str) else path[0]
    return read if is_sample(str(first)) or looks_like_scenes(Path(first)) else None


def read(path: str | Sequence[str]) -> list[LayerData]:
    """Open a path as a stack; its layers are added by the viewer's session.

    The window stays alive meanwhile, and an error is told in a dialog. Without a window the
    picture layer is returned, and an error is raised.
    """
    import napari

    first = str(path if isinstance(path, str) else path[0])
    viewer = napari.current_viewer()
    if viewer is None:
        return _without_window(first)
    from napari_icenet.gui.app.dock import show_dock
    from napari_icenet.gui.session.session import Session

    session = Session.of(viewer)
    dock = show_dock(viewer)
    if Path(first).suffix == SESSION_SUFFIX and dock is not None:
        dock.open_session(Path(first))
        return NO_LAYERS
    job = open_sample(session, first) if is_sample(first) else session.open(first)
    # A download takes its time: it goes on behind the menu that asked for it.
    if job is not None and not (is_sample(first) and not first.endswith(SIMULATED)):
        job.wait_quietly()
    return NO_LAYERS


def _without_window(path: str) -> list[LayerData]:
    from napari_icenet.gui.session.placement import Placement
    from napari_icenet.scenes import open_stack

    if Path(path).suffix == SESSION_SUFFIX:
        raise IceNetError("A session opens in napari's window; outside it, open its stacks by themselves.")
    if is_sample(path):
        raise IceNetError("Samples open in napari's window; outside it, open the folder that `icenet simulate` writes.")
    stack = open_stack(path)
    kept = {
        "name": f"{stack.name} · {stack.bands[0]}",
        "colormap": "gray",
        "contrast_limits": contrast(stack, 0, stack.bands[0]),
        **Placement.of_grid(stack.grid).layer_choices(),
    }
    return [(lazy_array(stack)[:, 0], kept, "image")]
