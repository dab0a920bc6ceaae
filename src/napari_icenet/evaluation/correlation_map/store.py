"""Correlation maps in one file, with all it takes to show them, judge them and go on from them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from pydantic import ValidationError

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.errors import TrackingError
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps, MapMetadata, WindowTracks
from napari_icenet.evaluation.correlation_map.settings import DateWindow, MapSettings
from napari_icenet.evaluation.correlation_map.words import record
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.grid import Grid

#: What a file says it is.
FORMAT, VERSION = "icenet correlation maps", 1
SUFFIX = ".npz"


def save_maps(maps: CorrelationMaps, path: str | Path) -> None:
    """Write maps to a file that :func:`read_maps` reads, whole or absent.

    Parameters
    ----------
    maps : CorrelationMaps
    path : path
        Its name ends in ``.npz``.

    Raises
    ------
    UsageError
        The name ends otherwise.
    TrackingError
        It cannot be written.
    """
    write_whole(path, {SUFFIX: lambda beside: _write(maps, beside)}, "Correlation maps")


def read_maps(path: str | Path) -> CorrelationMaps:
    """Maps as they were saved.

    Raises TrackingError: there is no such file, or it holds no maps that can be read.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as held:
            return _read({name: held[name] for name in held.files})
    except FileNotFoundError as error:
        raise TrackingError(f"there is no file {path}; choose another.") from error
    except OSError as error:
        raise TrackingError(f"{path} cannot be read ({error.strerror or error}); choose another file.") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, ValidationError) as error:
        raise TrackingError(f"{path} holds no correlation maps that can be read; make them anew.") from error


def _write(maps: CorrelationMaps, path: Path) -> None:
    ground = maps.ground
    grid = ground.grid
    head = {
        "format": FORMAT,
        "version": VERSION,
        **record(maps),
        "done": maps.done,
        "flow_known": ground.flow_known,
        "dates": list(ground.dates),
        "grid": {
            "shape": list(grid.shape),
            "transform": list(grid.transform)[:6],
            "crs": None if grid.crs is None else grid.crs.to_wkt(),
        },
        "windows": [[window.start, window.t0, window.dates] for window in maps.windows],
    }
    arrays: dict[str, Any] = {"head": np.array(json.dumps(head)), "rows": maps.rows, "cols": maps.cols}
    for p, key in enumerate(maps.keys):
        arrays[f"values_{p}"], arrays[f"states_{p}"] = maps.values[key], maps.states[key]
    arrays |= {f"scores_{field.name}": getattr(maps.scores, field.name) for field in fields(Scores)}
    for number, found in maps.followed.items():
        arrays[f"cells_{number}"] = found.cells
        arrays |= {f"tracks_{number}_{field.name}": getattr(found.tracks, field.name) for field in fields(Tracks)}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _read(held: Mapping[str, Any]) -> CorrelationMaps:
    head = json.loads(str(held["head"]))
    if head.get("format") != FORMAT or head.get("version") != VERSION:
        raise ValueError("another format")
    predictor_set = PredictorSet(**(head.get("predictor_set") or head["line_up"]))  # files of 0.1.0 call it a line-up
    numbers = [int(name.removeprefix("cells_")) for name in held if name.startswith("cells_")]
    scores = Scores(**{field.name: held[f"scores_{field.name}"] for field in fields(Scores)})
    return CorrelationMaps(
        MapSettings.model_validate(head["settings"]),
        predictor_set,
        _ground(head),
        tuple(DateWindow(*window) for window in head["windows"]),
        held["rows"],
        held["cols"],
        {key: held[f"values_{p}"] for p, key in enumerate(predictor_set.keys)},
        {key: held[f"states_{p}"] for p, key in enumerate(predictor_set.keys)},
        float(head["done"]),
        (scores,) if len(scores) else (),
        {
            number: WindowTracks(
                Tracks(**{field.name: held[f"tracks_{number}_{field.name}"] for field in fields(Tracks)}),
                held[f"cells_{number}"],
            )
            for number in numbers
        },
    )


def _ground(head: Mapping[str, Any]) -> MapMetadata:
    from rasterio.crs import CRS

    grid = head["grid"]
    crs = None if grid["crs"] is None else CRS.from_wkt(grid["crs"])
    return MapMetadata(
        head["stack"],
        head["band"],
        Grid(int(grid["shape"][0]), int(grid["shape"][1]), Affine(*grid["transform"]), crs),
        tuple(head["dates"]),
        simulated=head["simulated"],
        credits=tuple(head["credits"]),
        flow_known=head["flow_known"],
    )
