"""Lays what one predictor expects on the picture: a layer for each kind, made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Layer, Vectors
from napari.utils import Colormap

from napari_icenet.common import palette
from napari_icenet.common.software import software
from napari_icenet.evaluation.compare.comparison import Comparison
from napari_icenet.gui.compare.picture import Overlay, Places, overlay, places
from napari_icenet.gui.widgets.layer_data import fill
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind

#: What can be laid on the picture, from bottom to top, with its button's word and what that does.
KINDS = {
    "high-pass": ("High-pass t0", "The last chip less its broad shape, where it was seen: the paper's baseline."),
    "came": ("Came", "The chip that came, where tracking found it."),
    "expected": ("Expected", "The chip that this predictor expects, where the one that came lies."),
    "difference": (
        "Difference",
        "What came less what was expected, in standard deviations: blue is darker, orange lighter.",
    ),
    "spread": ("Spread", "How sure the predictor is: one deviation of its samples or frames, in those of the chip."),
    "surface": ("Surface", "Correlation of this template with every place of the search window: a sharp peak is good."),
    "places": ("Places", "Where each template would place the chip, in its colour; white is where the ice is."),
}
#: Shown when nothing was chosen yet.
FIRST_SHOWN = ("expected", "places")
_NCC = Colormap(list(palette.NCC_STOPS), name="NCC")


class CompareLayers(LayerGroup):
    """Draws one predictor's part of a :class:`Comparison`, and the places of all.

    Which kinds are shown follows the layers' own visibility, and the other way round; a kind whose layer the
    user removed is not shown until it is asked for again.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which it is drawn.
    roof : callable
        Layers that overlays stay under: lines of the track stay on top.
    """

    on_top = True

    def __init__(self, viewer: Any, below: Callable[[], Iterable[Layer]], roof: Callable[[], Iterable[Layer]]) -> None:
        super().__init__(viewer, {kind: LAYERS[kind] for kind in KINDS}, below)
        self._of_others = roof
        self._limits: WeakKeyDictionary[Layer, tuple[float, float]] = WeakKeyDictionary()
        self._wanted: set[str] = set()
        self._made: Comparison | None = None
        self._key, self._target = "", 2

    @property
    def shown(self) -> frozenset[str]:
        """Kinds that are to be seen."""
        return frozenset(self._wanted - self._removed)

    def set_shown(self, kind: str, value: bool) -> None:
        """Show a kind, or hide it."""
        if value == (kind in self.shown):
            return
        (self._wanted.add if value else self._wanted.discard)(kind)
        self._removed.discard(kind)
        layer = self._layers.get(kind)
        if layer is None:
            self.draw(kind)
            self.changed.emit()
        else:
            layer.visible = value

    def show(self, made: Comparison | None, key: str, target: int) -> None:
        """Draw a predictor's part of a comparison at t1 (1) or t2 (2); None empties the layers."""
        if made is not None and made.of(key) is None and not made.whole:
            return  # its turn will come; what is drawn stays until then
        self._made, self._key, self._target = made, key, target
        self.draw()

    # Drawing

    def _needs(self, kind: str) -> bool:
        return kind in self._wanted and self._found(kind) is not None

    def _title(self, kind: str) -> str:
        if kind == "high-pass":
            return "compare · high-pass t0"
        one = None if self._made is None else self._made.of(self._key)
        of = "" if one is None or kind in ("came", "places") else f" · {one.entry.title}"
        return f"compare · {kind} t{self._target}{of}"

    def _roof(self) -> Iterable[Layer]:
        return self._of_others()

    def _on_shown(self, kind: str, layer: Any) -> None:
        (self._wanted.add if layer.visible else self._wanted.discard)(kind)

    def _found(self, kind: str) -> Overlay | Places | None:
        made = self._made
        if made is None:
            return None
        if kind == "places":
            found = places(made, self._target)
            return found if len(found.vectors) else None
        one = made.of(self._key)
        return None if one is None else overlay(kind, made, one, self._target)

    def _fill(self, kind: str, layer: Any) -> None:
        found, made = self._found(kind), self._made
        if found is None or made is None:
            fill(layer, np.zeros((0, 2, 2)) if kind == "places" else np.full((2, 2), np.nan, np.float32))
            return
        if isinstance(found, Overlay):
            self._draw_overlay(layer, found)
        else:
            fill(layer, found.vectors, thumbnail=False)
            if layer.metadata.get("colours") != found.colours:
                layer.edge_color = layer.metadata["colours"] = found.colours
        layer.metadata.update(record(made, self._key, self._target))

    def _draw_overlay(self, layer: Any, found: Overlay) -> None:
        origin = np.asarray(self._placement.get("translate", (0.0, 0.0)))
        translate = origin + np.multiply((found.row0, found.col0), layer.scale)
        if not np.allclose(translate, layer.translate):
            layer.translate = translate
        fill(layer, np.asarray(found.values, np.float32))
        before = self._limits.get(layer)
        if before is not None and not np.allclose(layer.contrast_limits, before):
            return  # the user chose limits of their own
        if before != found.limits:
            layer.contrast_limits = self._limits[layer] = found.limits


def record(made: Comparison, key: str, target: int) -> dict[str, Any]:
    """Metadata of a layer, enough to make it again."""
    one = made.of(key)
    entry = next((e for e in made.predictor_set.entries if e.key == key), None) if one is None else one.entry
    return {
        "software": software(),
        "predictor": None if entry is None else entry.model_dump(mode="json"),
        "device": made.predictor_set.device,
        "samples": made.predictor_set.samples,
        "target": f"t{target}",
        "t0": made.time,
        "place": (made.past[-1].row, made.past[-1].col),
        "settings": made.track.settings.model_dump(mode="json"),
    }


def _make_image(kind: str) -> Layer:
    colormap: Any = {"difference": _NCC, "surface": _NCC, "spread": "magma"}.get(kind, "gray")
    return Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=colormap,
        contrast_limits=(-1.0, 1.0),
        opacity=0.6 if kind == "surface" else 1.0,
        blending="translucent_no_depth",
        interpolation2d="nearest",
    )


def _make_places() -> Layer:
    return Vectors(np.zeros((0, 2, 2)), ndim=2, vector_style="line", opacity=1.0, blending="translucent_no_depth")


LAYERS = {kind: LayerKind(partial(_make_image, kind)) for kind in KINDS if kind != "places"}
LAYERS["places"] = LayerKind(_make_places, 1.8)
