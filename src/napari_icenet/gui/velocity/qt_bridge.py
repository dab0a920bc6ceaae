"""A mapper for each open stack, heard on Qt's thread."""

from __future__ import annotations

from collections.abc import Callable, Collection

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.background import VelocityMapper


class VelocityMappers(QObject):
    """Makes mappers, and hands on what they say from their threads to the interface's.

    Parameters
    ----------
    make : callable, optional
        Makes the mapper of a stack; default :class:`VelocityMapper`.

    Attributes
    ----------
    maps_changed : Signal(VelocityMapper)
    progressed : Signal(VelocityMapper, float, str)
    failed : Signal(VelocityMapper, str)
    busy_changed : Signal(VelocityMapper)
        It works, or no longer; or it knows its device. Slots are methods of a QObject, which are called on its own
        thread.
    """

    maps_changed = Signal(object)
    progressed = Signal(object, float, str)
    failed = Signal(object, str)
    busy_changed = Signal(object)

    def __init__(self, make: Callable[[SceneStack], VelocityMapper] = VelocityMapper) -> None:
        super().__init__()
        self._make = make
        self._mappers: dict[SceneStack, VelocityMapper] = {}

    def find(self, stack: SceneStack) -> VelocityMapper | None:
        """The mapper of a stack, if it was asked for before."""
        return self._mappers.get(stack)

    def of(self, stack: SceneStack) -> VelocityMapper:
        """The mapper of a stack."""
        if stack not in self._mappers:
            mapper = self._mappers[stack] = self._make(stack)
            mapper.maps_changed.connect(lambda _maps: self.maps_changed.emit(mapper))
            mapper.progressed.connect(lambda share, text: self.progressed.emit(mapper, share, text))
            mapper.failed.connect(lambda sentence: self.failed.emit(mapper, sentence))
            mapper.busy_changed.connect(lambda _busy: self.busy_changed.emit(mapper))
            mapper.device_changed.connect(lambda _title: self.busy_changed.emit(mapper))
        return self._mappers[stack]

    def keep(self, stacks: Collection[SceneStack]) -> None:
        """Close the mappers of all other stacks."""
        for stack in [s for s in self._mappers if s not in stacks]:
            self._mappers.pop(stack).close()

    def close(self) -> None:
        """End all threads, and say no more."""
        if isalive(self):  # type: ignore[no-untyped-call]
            self.blockSignals(True)
        # All are told to stop before one is waited for.
        for mapper in self._mappers.values():
            mapper.cancel()
        self.keep(())
