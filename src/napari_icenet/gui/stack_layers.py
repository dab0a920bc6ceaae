"""The napari layers of one stack: its pictures, its mask, its area of interest."""

from __future__ import annotations

from typing import Any

from napari_icenet.scenes.stack import SceneStack


class StackLayers:
    """Layers of one stack, made once and updated in place."""

    def __init__(self, viewer: Any, stack: SceneStack, placement: dict[str, Any]) -> None:
        import numpy as np

        self.viewer, self.stack = viewer, stack
        self._band = stack.bands[0]
        self._time = 0
        data = np.stack([stack.read(t, self._band) for t in range(stack.shape[0])])
        self.image = viewer.add_image(data, name=f"{stack.name} · {self._band}", **placement)

    @property
    def band(self) -> str:
        return self._band

    @band.setter
    def band(self, name: str) -> None:
        self._band = self.stack.band(name)

    @property
    def time(self) -> int:
        return self._time

    @time.setter
    def time(self, index: int) -> None:
        self._time = index

    @property
    def visible(self) -> bool:
        return bool(self.image.visible)

    @visible.setter
    def visible(self, value: bool) -> None:
        self.image.visible = value

    def remove(self) -> None:
        if self.image in self.viewer.layers:
            self.viewer.layers.remove(self.image)
