"""``icenet demo`` as a process of its own: the picture it writes and the table it prints."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from skimage.io import imread


def near(picture, colour, tolerance=24):
    return (np.abs(picture[..., :3].astype(int) - colour).max(axis=-1) <= tolerance).sum()


def test_the_demo_writes_a_telling_picture_and_a_table(tmp_path):
    path, compare, correlation = (tmp_path / "made" / f"{name}.png" for name in ("track", "compare", "map"))
    pictures = ["--screenshot", str(path), "--compare", str(compare), "--map", str(correlation)]
    done = subprocess.run(
        [sys.executable, "-m", "napari_icenet.cli.main", "demo", *pictures],
        capture_output=True,
        text=True,
        timeout=400,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    caption, *lines = done.stdout.strip().splitlines()
    assert "simulated" in caption
    assert "m/yr" in caption
    assert lines[0].split()[:3] == ["date", "row", "col"]
    assert len(lines) == 13
    assert lines[1].startswith("2015-11-22")
    picture = imread(path)
    assert picture.shape[0] >= 800
    assert picture.shape[1] >= 1200
    assert near(picture, (0xF0, 0xE4, 0x42)) > 800  # the chip
    assert near(picture, (0x00, 0x9E, 0x73)) > 1000  # the match, its path and the plots
    assert sorted(p.name for p in path.parent.iterdir()) == ["compare.png", "map.png", "track.png"]
    strips = imread(compare)[:, -420:]
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0xE6, 0x9F, 0x00), (0x00, 0x9E, 0x73)):
        assert near(strips, colour, 4) > 250  # the bars of persistence, high-pass, SVG-LP and IceNet
    # On the map most cells correlate well: brown, as nothing else in the window.
    assert near(imread(correlation), (0xA0, 0x58, 0x24), 40) > 20000


def test_without_a_display_one_sentence_says_so(tmp_path):
    hidden = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    hidden.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-m", "napari_icenet.cli.main", "demo"],
        capture_output=True,
        text=True,
        timeout=120,
        env=hidden,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
