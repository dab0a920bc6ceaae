"""The command ``icenet train``: a run folder with weights, card and log."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_icenet.cli.option_texts import DEVICE
from napari_icenet.cli.progress import ProgressLine, say_warning
from napari_icenet.cli.stopping import telling_what_is_kept
from napari_icenet.errors import TrainingError, UsageError

if TYPE_CHECKING:
    from napari_icenet.training.run_folder.folder import RunFolder
    from napari_icenet.training.settings import RunSettings
    from napari_icenet.training.train import Result


def train(
    datasets: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DATASET …", help="Datasets made by icenet dataset.", show_default=False, readable=False
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="RUN", help="Folder of the run.")] = None,
    preset: Annotated[
        Literal["paper", "quick", "fine-tune"] | None,
        typer.Option(help="paper (SVG-LP as published), quick (minutes) or fine-tune (from trained weights)."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="svg-lp or icenet; default: {default}.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings, .yaml or .json; they go before the preset's.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, as in optimisation.batch=16; may be repeated."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights to start from: a file, or the name of bundled ones.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the optimiser.")] = None,
    simulated: Annotated[int | None, typer.Option(help="Sequences of simulated ice beside the datasets.")] = None,
    device: Annotated[str | None, typer.Option(help=DEVICE)] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the arithmetic on the CPU.")] = None,
    workers: Annotated[int | None, typer.Option(help="Threads that prepare batches ahead.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same run.")] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Once finished, hold the weights against those before on held-out ice."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in RUN.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the run if it is there.")] = False,
) -> None:
    """Train a network on the training splits of datasets; Ctrl-C keeps all that was reached.

    Several GPUs or machines: torchrun --nproc-per-node N --no-python icenet train DATASET -o RUN.
    """
    if output is None:
        raise UsageError("No output was named; add -o RUN.")
    from napari_icenet.training.presets import merged, preset_values
    from napari_icenet.training.run_folder.folder import RunFolder
    from napari_icenet.training.settings import make_run_settings
    from napari_icenet.training.train import train as run

    folder = RunFolder(output)
    place = {
        "device": device, "threads": threads, "data": {"workers": workers}, "optimisation": {"steps": steps}
    }  # fmt: skip
    named = [str(path.resolve()) for path in datasets or []]
    if resume:
        _only_place(
            preset=preset, model=model, config=config, set=set_, weights=weights, simulated=simulated, seed=seed
        )
        values = folder.settings().model_dump(mode="json")
        settings = make_run_settings(
            merged(values, _given(place | {"data": {"workers": workers, "datasets": named or None}}))
        )
    else:
        values = _read(config) if config is not None else {}
        wanted = model or values.get("model")
        values = merged(preset_values(preset, wanted, weights) if preset else {}, values)
        asked = merged(place, {"model": model, "weights": weights, "seed": seed, "data": {"simulated": simulated}})
        values = merged(values, _given(asked))
        for text in set_ or []:
            values = merged(values, _setting(text))
        if named:
            values = merged(values, {"data": {"datasets": named}})
        settings = make_run_settings(values)
        if not settings.data.datasets and not settings.data.simulated:
            raise UsageError("No dataset was named; add DATASET, made by icenet dataset.")
        _check_there(datasets or [], folder)
        if force and _first():
            _remove(folder.path)
    with telling_what_is_kept(lambda: _kept(folder)), ProgressLine() as progress:
        result = run(settings, output, resume=resume, progress=progress if _first() else None)
    if _first():
        _say(result, settings)
    if result.signal is not None:
        sys.exit(128 + result.signal)
    if compare and result.state == "finished" and _first():
        _compare(output)


def _check_there(datasets: Sequence[Path], folder: RunFolder) -> None:
    """Refuse datasets that are not there, by the names that they were given; a run may cut its own first."""
    from napari_icenet.datasets.store import read_record

    if folder.cut.exists():
        return
    for path in datasets:
        if not path.exists():
            read_record(path)


def _kept(folder: RunFolder) -> str:
    """What is left of a run that a second Ctrl-C ended within a step."""
    if folder.last.exists():
        return f"what was reached at the last checkpoint is kept in {folder.path}; go on with --resume"
    return f"nothing is kept in {folder.path}"


def _compare(output: Path) -> None:
    """Say what the run has gained; that it cannot be known does not make the run a failure."""
    from napari_icenet.errors import IceNetError
    from napari_icenet.training.results.before_after import as_text, compare_weights

    try:
        with telling_what_is_kept(f"the run in {output} is finished and whole"), ProgressLine() as progress:
            made = compare_weights(output, progress=progress)
    except IceNetError as error:
        say_warning(f"the weights were not compared: {error}")
    else:
        typer.echo(as_text(made))


def _first() -> bool:
    """True if this is the process that speaks, of several started by torchrun."""
    return os.environ.get("RANK", "0") == "0"


def _only_place(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise UsageError(
                f"--{name} cannot change while a run goes on; with --resume only --steps, --device, --threads "
                "and --workers can."
            )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Values without those that were not given."""
    out = {}
    for name, value in values.items():
        kept = _given(value) if isinstance(value, dict) else value
        if kept is not None and kept != {}:
            out[name] = kept
    return out


def _read(path: Path) -> dict[str, Any]:
    """Settings from a file."""
    import yaml  # type: ignore[import-untyped]

    try:
        text = path.read_text(encoding="utf-8")
        # JSON, too, is YAML; but only JSON's own reader takes 1e-3 for a number.
        found = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a .yaml or .json file.") from error
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{path} is neither YAML nor JSON; mend it.") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no settings; write them as names and values.")
    return found


def _setting(text: str) -> dict[str, Any]:
    """One setting, as in ``optimisation.batch=16``, with its groups around it."""
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise UsageError(f"--set {text} is no setting; write KEY=VALUE, as in --set optimisation.batch=16.")
    try:
        found: Any = json.loads(value)
    except ValueError:
        found = value
    for name in reversed(key.strip().split(".")):
        found = {name: found}
    return dict(found)


def _remove(path: Path) -> None:
    """Delete an old run; anything else is left alone."""
    import shutil

    from napari_icenet.jobs.file_lock import locked
    from napari_icenet.training.run_folder.folder import RunFolder

    if not path.exists():
        return
    if not RunFolder(path).exists():
        if path.is_dir() and not any(path.iterdir()):
            return
        raise UsageError(f"{path} is no run, so --force does not replace it; choose another name.")
    try:
        with locked(path):
            pass
        shutil.rmtree(path)
    except OSError as error:
        raise TrainingError(f"{path} cannot be removed ({error.strerror}); choose another name.") from error


def _say(result: Result, settings: RunSettings) -> None:
    """Print the outcome of the run."""
    lines = [
        str(result.folder.path),
        f"model      {settings.model}",
        f"steps      {result.step} of {result.of}, {result.state}",
    ]
    if result.t2 is not None and result.persistence_t2 is not None:
        lines.append(f"t2         {result.t2:.3f} on held-out chips, persistence {result.persistence_t2:.3f}")
    if result.weights is not None:
        unjudged = "" if result.weights == result.folder.best else ", not yet judged on held-out chips"
        lines.append(f"weights    {result.weights}{unjudged}")
    else:
        lines.append("weights    none: it was stopped before its first step was kept")
    if result.state == "stopped":
        lines.append(f"continue   icenet train -o {result.folder.path} --resume")
    typer.echo("\n".join(lines))
    if result.signal is not None:
        name = signal.Signals(result.signal).name
        sys.stderr.write(f"stopped by {name} after step {result.step}; everything is kept.\n")
