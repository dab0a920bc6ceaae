"""Velocity maps as they are asked for one after another: a model without any window.

Methods return at once; maps are made on a thread of the model. All signals but those of
:meth:`VelocityMapper.take` are emitted on that thread: a window has to pass them on to its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_icenet.errors import Cancelled, IceNetError, TrackingError
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.stable_ground import check_mask
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    from napari_icenet.matching.engine.engine import Engine
    from napari_icenet.velocity.time_series.series import VelocitySeries

Pair = tuple[int, int]
#: Makes maps of pairs of dates: :func:`~napari_icenet.velocity.pairs.map_pairs`.
MapPairs = Callable[..., list[VelocityMap]]
#: Says how good maps are: :func:`~napari_icenet.velocity.quality.assess.quality_report`.
QualityReporter = Callable[[Sequence[VelocityMap]], Any]


class VelocityMapper:
    """Makes velocity maps of a stack, the newest request alone; what was there stays until it is done.

    Parameters
    ----------
    stack : SceneStack
    map_pairs : callable, optional
        Makes the maps; default :func:`~napari_icenet.velocity.pairs.map_pairs`.
    quality_report : callable, optional
        Says how good they are; default :func:`~napari_icenet.velocity.quality.assess.quality_report`.

    Attributes
    ----------
    maps_changed : Signal(tuple of VelocityMap)
        All maps of the last request, with :attr:`report` and :attr:`series` (the time series inverted
        from them, where pairs are redundant) up to date.
    progressed : Signal(float, str)
        Share of the work done, and what is being done.
    busy_changed : Signal(bool)
    failed : Signal(str)
        One sentence for the user; the maps are as before.
    device_changed : Signal(str)
        What maps are computed with, in words.
    """

    maps_changed = Signal(tuple)
    progressed = Signal(float, str)
    busy_changed = Signal(bool)
    failed = Signal(str)
    device_changed = Signal(str)

    def __init__(
        self, stack: SceneStack, *, map_pairs: MapPairs | None = None, quality_report: QualityReporter | None = None
    ) -> None:
        self.stack = stack
        self.maps: tuple[VelocityMap, ...] = ()
        self.report: Any | None = None
        self.series: VelocitySeries | None = None
        self.device = ""
        self._map_pairs = map_pairs or _map_pairs
        self._quality_report = quality_report or _quality_report
        self._engine: tuple[str, Engine] | None = None
        self._lock = threading.Lock()
        self._request: object | None = None
        self._running = False
        self._worker = LatestWorker("icenet-velocity", lambda _busy: None)

    @property
    def busy(self) -> bool:
        """True if maps are being made, or a cancelled request has not ended yet."""
        with self._lock:
            return self._running or self._request is not None

    def map(
        self,
        pairs: Sequence[Pair],
        settings: VelocitySettings,
        *,
        stable: NDArray[np.bool_] | None = None,
        prior: Path | None = None,
    ) -> None:
        """Ask for the maps of pairs of dates; an older request is dropped.

        Parameters
        ----------
        pairs : sequence of (int, int)
            Indices of the first and the second date.
        settings : VelocitySettings
        stable : array of bool, (y, x), optional
            True on ground that does not move.
        prior : path, optional
            A velocity map (NetCDF or GeoTIFF) on which searches are centred.

        Raises
        ------
        TrackingError
            There is no pair, or the mask has not the frame's shape; nothing changes.
        """
        if not pairs:
            raise TrackingError(f"{self.stack.name} has no two dates, and motion needs two; add scenes of other dates.")
        if stable is not None:
            check_mask(stable, self.stack.grid.shape)
        request, wanted = object(), tuple(pairs)
        with self._lock:
            self._request = request
        self._worker.submit("map", lambda: self._run(request, wanted, settings, stable, prior))
        self.busy_changed.emit(True)

    def cancel(self) -> None:
        """Drop what is asked for; work ends at its next report of progress, and the maps stay as they are."""
        with self._lock:
            waiting, self._request = self._request is not None and not self._running, None
        self._worker.drop("map")
        if waiting:
            self.busy_changed.emit(False)

    def take(
        self, maps: Sequence[VelocityMap], report: Any | None = None, series: VelocitySeries | None = None
    ) -> None:
        """Show maps made elsewhere, for instance read from a file, instead of making some."""
        self.cancel()
        self.maps, self.report, self.series = tuple(maps), report, series
        self.maps_changed.emit(self.maps)

    def find_device(self, name: str = "auto") -> None:
        """Find out, in the background, what maps will be computed with."""
        self._worker.submit("device", lambda: self._tell_device(name))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no work is left; False if that took longer than ``timeout`` seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Cancel, and end the thread. The model cannot be used any more."""
        self.cancel()
        self._worker.close()

    # On the thread

    def _run(
        self,
        request: object,
        pairs: tuple[Pair, ...],
        settings: VelocitySettings,
        stable: NDArray[np.bool_] | None,
        prior: Path | None,
    ) -> None:
        def progress(fraction: float, text: str) -> None:
            if self._request is not request:
                raise Cancelled("mapping was cancelled; the maps are as before.")
            self.progressed.emit(fraction, text)

        with self._lock:
            self._running = True
        try:
            self._show(*self._make(pairs, settings, stable, prior, progress), request)
        except Cancelled:
            pass
        except (IceNetError, OSError) as error:
            self._tell(str(error), request)
        except MemoryError:
            self._tell("there is not enough memory for this map; set points wider apart or search less far.", request)
        finally:
            with self._lock:
                self._running = False
                if self._request is request:
                    self._request = None
                more = self._request is not None
            if not more:
                self.busy_changed.emit(False)

    def _show(self, maps: tuple[VelocityMap, ...], report: Any, series: VelocitySeries | None, request: object) -> None:
        if self._request is request:
            self.maps, self.report, self.series = maps, report, series
            self.maps_changed.emit(maps)

    def _tell(self, sentence: str, request: object) -> None:
        if self._request is request:
            self.failed.emit(sentence)

    def _make(
        self,
        pairs: tuple[Pair, ...],
        settings: VelocitySettings,
        stable: NDArray[np.bool_] | None,
        prior: Path | None,
        progress: Callable[[float, str], None],
    ) -> tuple[tuple[VelocityMap, ...], Any, VelocitySeries | None]:
        progress(0.0, "Getting ready")
        centre = None
        if prior is not None:
            from napari_icenet.velocity.prior import read_prior

            centre = read_prior(prior, self.stack)
        engine = self._find_device(settings.device)
        made = self._map_pairs(
            self.stack, list(pairs), settings, stable=stable, prior=centre, engine=engine, progress=progress
        )
        progress(1.0, "Judging the map" if len(made) == 1 else "Judging the maps")
        self._say_device(engine.title)
        report = self._quality_report(made)
        from napari_icenet.velocity.time_series.inversion import series_of

        return tuple(made), report, series_of(made, progress=progress)

    def _tell_device(self, name: str) -> None:
        try:
            self._find_device(name)
        except IceNetError as error:
            self.failed.emit(str(error))

    def _find_device(self, name: str) -> Engine:
        if self._engine is None or self._engine[0] != name:
            from napari_icenet.matching.engine.engine import Engine

            self._engine = (name, Engine(name))
            # Its method it names only once that is ready, which takes its time.
            self._say_device(self._engine[1].device.title)
        return self._engine[1]

    def _say_device(self, title: str) -> None:
        if title != self.device:
            self.device = title
            self.device_changed.emit(title)


def _map_pairs(*args: Any, **kwargs: Any) -> list[VelocityMap]:
    from napari_icenet.velocity.pairs import map_pairs

    return map_pairs(*args, **kwargs)


def _quality_report(maps: Sequence[VelocityMap]) -> Any:
    from napari_icenet.velocity.quality.assess import quality_report

    return quality_report(maps)
