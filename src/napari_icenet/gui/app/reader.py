"""napari's reader: product folders, folders of dated images, saved stacks and sessions, and samples."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from napari_icenet.errors import IceNetError
from napari_icenet.gui.session.open_sample import SIMULATED, is_sample, open_sample
from napari_icenet.scenes.dask_array import lazy_array
from napari_icenet.scenes.statistics import contrast

LayerData = tuple[Any, ...]
#: What a reader returns that has added its layers by itself.
NO_LAYERS: list[LayerData] = [(None,)]
#: Suffix of a saved session; named here too, for a reader must be found without loading what it reads with.
SESSION = ".icenet"
#: Entries of a folder that are looked at before it is taken for something else.
LOOKED_AT = 2000


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """The reader, if the path looks like scenes; no file is opened to find out.

    Parameters
    ----------
    path : str or sequence of str
        Of several, the first decides.
    """
    first = path if isinstance(path, str) else path[0]
    return read if is_sample(str(first)) or looks_like_scenes(Path(first)) else None


def looks_like_scenes(path: Path) -> bool:
    """Whether a file or folder bears the name of a product, of dated images, of a saved stack or session."""
    from napari_icenet.scenes.dated_folder import is_dated_folder
    from napari_icenet.scenes.landsat.product_id import parse_product_name

    name = path.name.upper()
    if path.is_file():
        return (
            path.suffix == SESSION
            or name.endswith(("_MTL.TXT", "_MTL.JSON"))
            or (name.endswith((".TIF", ".TIFF")) and parse_product_name(path.stem) is not None)
        )
    if not path.is_dir():
        return False
    if name.endswith(".ZARR"):
        # Other programs' stores are none of ours.
        return _is_saved_stack(path)
    if parse_product_name(path.name) is not None or is_dated_folder(path):
        return True
    entries = list(islice(path.iterdir(), LOOKED_AT))
    return any(
        entry.name.upper().endswith(("_MTL.TXT", "_MTL.JSON"))
        or (entry.is_dir() and (parse_product_name(entry.name) is not None or any(entry.glob("*_MTL.*"))))
        for entry in entries
    )


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
    if Path(first).suffix == SESSION and dock is not None:
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

    if Path(path).suffix == SESSION:
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


def _is_saved_stack(path: Path) -> bool:
    from napari_icenet.scenes.store.schema import FORMAT

    try:
        found = json.loads((path / "zarr.json").read_text())["attributes"]["format"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(found == FORMAT)
