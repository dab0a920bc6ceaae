"""Open 12 dates × 7 bands × 7800 × 7800 in a real window: time, memory, and how late the window gets.

Run under a display, or ``xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/open_large.py``. A date counts
as painted with the first drawing of the canvas after the step for which its frame is decoded. Quick:
``--size 600 --dates 3``.

The files (Landsat-like products, tiled and deflated, no overviews) are written once into FOLDER;
the bands of all dates are links to the same few files, so that they take little disk.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7")
HEARTBEAT_S = 0.002


def write_archive(folder: Path, dates: int, size: int) -> Path:
    """Product folders whose bands are links to one set of files."""
    archive = folder / f"large-{dates}-{size}"
    if (archive / "done").exists():
        return archive
    archive.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    row, col = np.ogrid[:size, :size]
    ground = 12000 + 3000 * np.sin(row / 310) * np.cos(col / 270)
    for number, band in enumerate((*BANDS, "QA_PIXEL")):
        values = (ground + 200 * number + rng.normal(0, 60, (size, size))).astype(np.uint16)
        if band == "QA_PIXEL":
            values[:] = 21824
            values[ground > 14000] = 22280
        corner = row + col < size // 3
        values[corner] = 1 if band == "QA_PIXEL" else 0
        write_band(archive / f"{band}.TIF", values)
    for i in range(dates):
        day = date(2019, 1, 1) + timedelta(days=16 * i)
        product = f"LC08_L1TP_054118_{day:%Y%m%d}_20200908_02_T1"
        home = archive / product
        home.mkdir(exist_ok=True)
        for band in (*BANDS, "QA_PIXEL"):
            link = home / f"{product}_{band}.TIF"
            link.unlink(missing_ok=True)
            os.link(archive / f"{band}.TIF", link)
        (home / f"{product}_MTL.txt").write_text(metadata(product, day))
    for band in (*BANDS, "QA_PIXEL"):
        (archive / f"{band}.TIF").unlink()
    (archive / "done").touch()
    return archive


def write_band(path: Path, values: np.ndarray) -> None:
    size = values.shape[0]
    options = {"driver": "GTiff", "count": 1, "dtype": "uint16", "height": size, "width": size}
    options |= {"crs": "EPSG:3031", "transform": Affine(30, 0, 300000, 0, -30, -900000)}
    options |= {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "predictor": 2}
    with rasterio.open(path, "w", **options, num_threads="all_cpus") as dataset:
        dataset.write(values, 1)


def metadata(product: str, day: date) -> str:
    files = "\n".join(f'    FILE_NAME_BAND_{band[1:]} = "{product}_{band}.TIF"' for band in BANDS)
    factors = (("MULT", "2.0E-05"), ("ADD", "-0.1"))
    scale = "\n".join(f"    REFLECTANCE_{name}_BAND_{band[1:]} = {value}" for band in BANDS for name, value in factors)
    return f"""GROUP = LANDSAT_METADATA_FILE
  GROUP = PRODUCT_CONTENTS
    LANDSAT_PRODUCT_ID = "{product}"
    PROCESSING_LEVEL = "L1TP"
    COLLECTION_NUMBER = 02
    COLLECTION_CATEGORY = "T1"
{files}
  END_GROUP = PRODUCT_CONTENTS
  GROUP = IMAGE_ATTRIBUTES
    SPACECRAFT_ID = "LANDSAT_8"
    SENSOR_ID = "OLI_TIRS"
    WRS_PATH = 54
    WRS_ROW = 118
    DATE_ACQUIRED = {day}
    SCENE_CENTER_TIME = "14:34:35.9783990Z"
    SUN_ELEVATION = 30.0
  END_GROUP = IMAGE_ATTRIBUTES
  GROUP = LEVEL1_RADIOMETRIC_RESCALING
{scale}
  END_GROUP = LEVEL1_RADIOMETRIC_RESCALING
END_GROUP = LANDSAT_METADATA_FILE
END
"""


class Heartbeat:
    """How late the event loop comes to a timer that is due all the time."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._last = time.perf_counter()
        self.late: list[float] = []
        self._timer.start(int(1000 * HEARTBEAT_S))

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late.append(now - self._last - HEARTBEAT_S)
        self._last = now

    def report(self, what: str) -> None:
        """Print how late the latest beats were, and begin anew."""
        late = np.array(self.late) * 1000
        print(f"{what}: latest heartbeat {late.max():.0f} ms, 99.9 % within {np.percentile(late, 99.9):.0f} ms")
        self.late.clear()


class Painter:
    """The moments at which the canvas was drawn with the chosen date's frame decoded."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.moments: list[float] = []
        session.viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(self._on_draw, position="last")

    def _on_draw(self, _event: Any) -> None:
        if self._session.stack is not None and not self._session.layers.waiting:
            self.moments.append(time.perf_counter())

    def after(self, act: Callable[[], Any]) -> float:
        """Act, and let the window live until that is painted; seconds it took."""
        self.moments.clear()
        start = time.perf_counter()
        act()
        # What is drawn before the action returns still shows what was there before.
        self.moments.clear()
        spin(lambda: bool(self.moments))
        return self.moments[0] - start


def live(seconds: float) -> None:
    """Let the window live for a while."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def spin(until: Callable[[], Any], limit: float = 60) -> None:
    """Let the window live until something holds; end with an error where it does not."""
    start = time.perf_counter()
    while not until():
        if time.perf_counter() - start > limit:
            sys.exit(f"error: what was waited for has not happened within {limit:.0f} s")
        live(0.004)


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "icenet-large")
    parser.add_argument("--dates", type=int, default=12)
    parser.add_argument("--size", type=int, default=7800)
    chosen = parser.parse_args()
    archive = write_archive(chosen.folder, chosen.dates, chosen.size)

    import napari

    from napari_icenet.gui.app.dock import show_dock
    from napari_icenet.gui.session.session import Session
    from napari_icenet.gui.widgets import preferences
    from napari_icenet.scenes import open_stack

    # A measurement must not become the user's next settings.
    preferences.location = lambda: chosen.folder / "settings.json"
    viewer = napari.Viewer()
    viewer.window.resize(1280, 800)
    show_dock(viewer)
    session = Session.of(viewer)
    live(1)
    print(f"napari with the dock: {megabytes():.0f} MB")
    painter = Painter(session)

    clock = time.perf_counter()
    open_stack(archive)
    print(f"open_stack: {time.perf_counter() - clock:.2f} s")
    heart = Heartbeat()
    seconds = painter.after(lambda: session.open(archive))
    print(f"opened and first frame painted: {seconds:.2f} s, peak {megabytes():.0f} MB")
    heart.report("while opening")
    live(3)
    heart.report("in the 3 s after")
    for index in range(1, chosen.dates):
        seconds = painter.after(partial(setattr, session, "time", index))
        live(0.05)
        print(f"  date {index + 1}: painted after {1000 * seconds:.0f} ms")
    heart.report("stepping through the dates, whole frame in view")
    viewer.scene.camera.zoom *= 12
    live(2)
    heart.report("zooming in")
    for index in range(chosen.dates):
        session.time = index
        spin(lambda: session.cache.held(session.layers.source, session.time, 0) is not None)
        live(0.05)
    heart.report("stepping through the dates at full resolution")
    print(f"peak {megabytes():.0f} MB")
    viewer.close()
    live(1)


if __name__ == "__main__":
    main()
