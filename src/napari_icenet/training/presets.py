"""Sets of choices by name: a start for a run, of which any may be changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.errors import UsageError
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.settings import RunSettings, make_run_settings

#: What can be learned from: a dataset, the path of one, or several of these.
Learned = SequenceDataset | str | Path | Sequence[SequenceDataset | str | Path]

#: Names of the presets, with a line on each.
PRESETS = {
    "paper": "SVG-LP at the paper's size; hours on a GPU, days on a CPU.",
    "quick": "a small network; minutes.",
    "fine-tune": "go on from trained weights on ice of your own, slowly.",
}

_PAPER = {
    "model": "svg-lp",
    "model_settings": {"channels": 64},
    "optimisation": {
        "steps": 100000, "batch": 32, "optimiser": "adam", "learning_rate": 2e-3, "final_share": 0.02,
        "warm_up": 500, "clip": 1.0,
    },
    "validation": {"every": 1000},
    "checkpoint_every": 1000,
}  # fmt: skip
_QUICK: dict[str, dict[str, Any]] = {
    "svg-lp": {
        "model_settings": {"channels": 16},
        "optimisation": {"steps": 2000, "batch": 8, "learning_rate": 2e-3, "warm_up": 100},
        "validation": {"every": 500, "sequences": 96},
    },
    "icenet": {
        "model_settings": {"width": 16},
        "optimisation": {"steps": 1200, "batch": 8, "learning_rate": 2e-3, "warm_up": 100},
        "validation": {"every": 300, "sequences": 96},
    },
}
_FINE_TUNE = {
    "optimisation": {"steps": 2000, "learning_rate": 1e-4, "final_share": 0.1, "warm_up": 100},
    "validation": {"every": 250, "patience": 4},
}


def preset_values(name: str, model: str | None = None, weights: str | None = None) -> dict[str, Any]:
    """Values of a preset, from which :func:`~napari_icenet.training.settings.make_run_settings` makes settings.

    Parameters
    ----------
    name : {'paper', 'quick', 'fine-tune'}
    model : str, optional
        Default: ``svg-lp`` for the paper's, ``icenet`` otherwise.
    weights : str, optional
        For ``fine-tune``; default: the bundled ones of the model.

    Raises
    ------
    UsageError
        There is no such preset, or not for this model.
    """
    if name == "paper":
        if model not in (None, "svg-lp"):
            raise UsageError(f"the preset paper is for svg-lp, not for {model}; choose quick, or none.")
        return merged({}, _PAPER)
    chosen = model or "icenet"
    if name == "quick":
        return merged({"model": chosen}, _QUICK.get(chosen, {}))
    if name == "fine-tune":
        return merged({"model": chosen, "weights": weights or chosen}, _FINE_TUNE)
    raise UsageError(f"there is no preset {name}; choose {', '.join(PRESETS)}.")


def run_settings(
    datasets: Learned,
    *,
    preset: str | None = None,
    model: str | None = None,
    steps: int | None = None,
    **choices: Any,
) -> RunSettings:
    """Settings of a run on datasets, from a preset and what is chosen beside it.

    Parameters
    ----------
    datasets : dataset, path of one, or sequence of these
    preset : {'quick', 'paper', 'fine-tune'}, optional
    model : str, optional
        Default: that of the preset, or ``icenet``.
    steps : int, optional
        Steps of the optimiser.
    **choices
        Further fields of :class:`~napari_icenet.training.settings.RunSettings`, by name.

    Raises
    ------
    UsageError
        There is no such preset, or a choice cannot be used.
    """
    several = [datasets] if isinstance(datasets, SequenceDataset | str | Path | SceneStack) else datasets
    for one in several if isinstance(several, Iterable) else [several]:
        _check_dataset(one)
    places = [str(one.path if isinstance(one, SequenceDataset) else one) for one in several]
    weights = choices.get("weights")
    values = preset_values(preset, model, weights) if preset else {} if model is None else {"model": model}
    values = merged(values, {"data": {"datasets": [str(Path(place).resolve()) for place in places]}})
    if steps is not None:
        values = merged(values, {"optimisation": {"steps": steps}})
    return make_run_settings(merged(values, choices))


def _check_dataset(given: object) -> None:
    """Refuse what is no dataset, nor the path of one."""
    if isinstance(given, SceneStack):
        raise UsageError(
            f'{given.name} is a stack; build a dataset of it first: icenet.datasets.build(stack, "ice.zarr", …).'
        )
    if not isinstance(given, SequenceDataset | str | Path):
        raise UsageError(f"A {type(given).__name__} is no dataset; give one of icenet.datasets.open, or its path.")


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Values of both, group by group; the second one's where both have one."""
    out = {name: dict(value) if isinstance(value, Mapping) else value for name, value in first.items()}
    for name, value in second.items():
        before = out.get(name)
        if isinstance(value, Mapping):
            out[name] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            out[name] = value
    return out
