"""Velocity maps made by hand, with exactly known motion."""

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.map_arrays import map_cells
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

START = np.datetime64("2020-01-01T00:00:00")
UTM = CRS.from_epsg(32633)
METRES = 15.0


def grid(height, width, georeferenced=True):
    """A frame of 15 m pixels in UTM, or one without a map."""
    if not georeferenced:
        return Grid(height, width)
    return Grid(height, width, Affine(METRES, 0, 500000, 0, -METRES, 7000000), UTM)


def made(drow, dcol, *, valid=None, days=(0.0, 16.0), spacing=16, georeferenced=True, error=0.05, **changes):
    """A map of displacements (y, x) in px; cells that are not valid are NaN and flat."""
    drow, dcol = np.array(drow, np.float32), np.array(dcol, np.float32)
    shape = drow.shape
    good = np.isfinite(drow) if valid is None else valid & np.isfinite(drow)
    drow[~good] = dcol[~good] = np.nan
    frame = grid(shape[0] * spacing, shape[1] * spacing, georeferenced)
    full = lambda value: np.where(good, np.float32(value), np.float32(np.nan))  # noqa: E731
    values = {
        "drow": drow,
        "dcol": dcol,
        "ncc": full(0.8),
        "peak_ratio": full(2.5),
        "error_row": full(error),
        "error_col": full(error),
        "chip_size": np.full(shape, 32, np.uint16),
        "reason": np.where(good, 0, 3).astype(np.uint8),
        "cells": map_cells(frame, spacing),
        "frame": frame,
        "times": tuple(START + np.timedelta64(round(86400 * d), "s") for d in days),
        "scenes": tuple(f"scene {d:g}" for d in days),
        "labels": tuple(str(START + np.timedelta64(round(86400 * d), "s"))[:10] for d in days),
        "settings": VelocitySettings(chip=32, max_chip=32, spacing=spacing),
        "radius": (25, 25),
    }
    return VelocityMap(**(values | changes))


def glacier(shape=(60, 60), *, peak=8.0, wall=0.6, offset=(0.0, 0.0), noise=0.0, seed=0):
    """(drow, dcol, ice): a trunk that flows to the right between two walls of rock, shifted by an offset."""
    rng = np.random.default_rng(seed)
    across = np.linspace(-1, 1, shape[0])[:, None] * np.ones(shape[1])
    share = np.clip(1 - (across / wall) ** 4, 0, None)
    drow = 0.2 * peak * share + offset[0] + noise * rng.normal(size=shape)
    dcol = peak * share + offset[1] + noise * rng.normal(size=shape)
    return drow, dcol, share > 0
