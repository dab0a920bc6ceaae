"""The tables in words: Markdown beside the paper's Table 1, and a few lines for the shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_icenet.evaluation.scoring.table import LEAST_BLOCKS, NO_DIFFERENCE, PAPER, TOO_FEW
from napari_icenet.matching.template import PAST_CHIPS
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.registry import PREDICTORS, title

if TYPE_CHECKING:
    from napari_icenet.evaluation.evaluate import Evaluation

_MODE_WORDS = {
    "chain": "each chip is the best match of the last one, as in the paper; cloud is matched with cloud",
    "robust": "frames that fail do not move the track, so that all frames show the same ice",
}
_TARGET_WORDS = {
    "t1": "the template for t1 with the chip at t1",
    "t2": "the template for t2 with the chip at t2, as the paper's ml is read",
}


def number(value: float | None, digits: int = 3) -> str:
    """A number for a table: no sign before zero, a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def _interval(ends: list[float] | None) -> str:
    return "–" if ends is None else f"{number(ends[0])} … {number(ends[1])}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(line) + " |" for line in (head, rule, *rows)]


def markdown(made: Evaluation) -> str:
    """``table.md``."""
    lines = [f"# Predictors on {made.source.name}", ""]
    if made.source.simulated:
        lines += ["**Simulated scenes**: these numbers say nothing about a real glacier.", ""]
    if made.source.credits:
        lines += [". ".join(made.source.credits) + ".", ""]
    lines += [line for name, note in made.georeference.items() for line in (f"{name} lies on no map: {note}.", "")]
    for one in made.trained_here:
        lines += [f"**{one.sentence}**" if one.flatters else one.sentence, ""]
    lines += [_what(made), "", "## The paper's Table 1 (Byrd Glacier, 2015–2017)", ""]
    lines += _table(
        ["", "mean", "< 0.3", "0.3–0.7", "> 0.7"],
        [
            [name, *(number(row[k]) for k in ("mean", "low", "medium")), number(row["high"], 4)]
            for name, row in PAPER.items()
        ],
    )
    for mode, targets in made.tables.items():
        lines += ["", f"## Tracking: {mode}", "", f"{mode.capitalize()}: {_MODE_WORDS[mode]}."]
        for target, rows in reversed(targets.items()):
            lines += ["", f"### {target}", "", *_target(target, rows)]
        lines += ["", "### The template for t1 with the chip at t2", ""]
        lines += _table(
            ["", "mean", "< 0.3", "0.3–0.7", "> 0.7", "n"],
            [
                [title_of(n), *(number(r[k]) for k in ("mean", "low", "medium", "high")), str(r["n"])]
                for n, r in made.early[mode].items()
            ],
        )
        lines += ["", "### Where each wins and fails (t2)", "", *_strata(made.strata[mode])]
    return "\n".join(lines) + "\n"


def title_of(name: str) -> str:
    """A predictor's title, or its name where it is not in the registry; ``icenet@my-run`` is IceNet · my-run."""
    base, _, source = name.partition("@")
    known = title(base) if base in PREDICTORS else base
    return f"{known} · {source}" if source else known


def _what(made: Evaluation) -> str:
    settings, source = made.settings, made.source
    error = (
        "the distance between its peak and where the known flow takes the ice"
        if source.flow_known
        else "the misfit of closure, template → t1 → t2 against template → t2 (no flow is known here)"
    )
    return (
        f"{bands_words(made)}; {windows_words(made)}; chips of {settings.chip} px every {settings.stride} px; "
        f"c = {settings.scale:g}. Predictors see the last {min(PAST_CHIPS, settings.t0 + 1)} frames up to t0, the "
        f"{_ordinal(settings.t0 + 1)} of {settings.frames}; t1 and t2 are the last two. Correlation is at zero shift "
        "on the tracked chips, over the pixels known in both; the high-pass is compared with the filtered chip. "
        "A chip counts, for all predictors or for none, where it and at least one past frame show half of their "
        "pixels and are not flat; a predictor without a template, or whose template knows less than a quarter of the "
        f"chip, scores 0 there. Intervals are 95 %, from {settings.resamples} draws of whole blocks of ground of "
        f"{made.provenance()['block_px']} px.{_sigma(made)}{_arithmetic(made)}\n\n"
        "Correlation rewards blur, so tracking stands beside it: the middle of each template is searched for within "
        f"±{settings.search_px} px, on a seeded sample of chips. Error is {error}: the median of those found; "
        "found and < 1 px are shares of the chips tried, and the latter compares predictors on the same chips."
    )


def bands_words(made: Evaluation) -> str:
    """Such as ``Bands B1, B4``."""
    bands = made.source.bands
    return f"{'Band' if len(bands) == 1 else 'Bands'} {', '.join(bands)}"


def windows_words(made: Evaluation) -> str:
    """Such as ``12 windows of 12 consecutive dates``."""
    count = len(made.source.starts)
    return f"{count} window{'' if count == 1 else 's'} of {made.settings.frames} consecutive dates"


def _sigma(made: Evaluation) -> str:
    sigma = next((getattr(p, "sigma", None) for p in made.predictors if p.name == "blurred"), None)
    if sigma is None:
        return ""
    chosen = made.settings.split in ("validation", "test")
    return f" Blurred has σ = {sigma:g} px{', chosen on the training split' if chosen else ''}."


def _arithmetic(made: Evaluation) -> str:
    kinds = sorted({p.arithmetic() for p in made.predictors if isinstance(p, LearnedOptions)})
    return f" Networks compute in {' and '.join(kinds)}." if kinds else ""


def _ordinal(count: int) -> str:
    words = {1: "first", 2: "second", 3: "third", 10: "tenth"}
    return words.get(count, f"{count}th")


def _target(target: str, rows: Mapping[str, Any]) -> list[str]:
    any_row = next(iter(rows.values()))
    intro = (
        f"{_TARGET_WORDS[target].capitalize()}: {any_row['n']} chips in {any_row['blocks']} blocks; "
        f"{any_row['left_out']} left out; tracking tried on {any_row['tracked']}."
    )
    head = ["", "mean", "95 %", "< 0.3", "0.3–0.7", "> 0.7", "less persistence", "95 %", "no template"]
    head += ["peak ratio", "error, px", "found", "< 1 px"]
    body = []
    for name, row in rows.items():
        body.append(
            [
                title_of(name), number(row["mean"]), _interval(row["interval"]),
                *(number(row[k]) for k in ("low", "medium", "high")),
                number(row.get("difference")), _interval(row.get("difference_interval")),
                str(row["without_template"]), number(row["peak_ratio"], 2), number(row["error_px"], 2),
                number(row["found"], 2), number(row["close"], 2),
            ]
        )  # fmt: skip
    return [intro, "", *_table(head, body), *_best(rows)]


def _best(rows: Mapping[str, Any]) -> list[str]:
    """Gain of learned predictors over the best baseline of a table."""
    held = {name: row["best_baseline"] for name, row in rows.items() if row.get("best_baseline")}
    if not held:
        return []
    best = next(iter(held.values()))
    gains = []
    for name, one in held.items():
        gain = f"{title_of(name)} {number(one['difference'])} ({_interval(one['interval'])}; "
        gain += f"higher in {one['higher']} of {one['blocks']} blocks)"
        gains.append(gain + (f": {one['verdict']}" if one["verdict"] in (NO_DIFFERENCE, TOO_FEW) else ""))
    few = ""
    if best["blocks"] < LEAST_BLOCKS:
        few = f" Fewer than {LEAST_BLOCKS} blocks carry no claim, whatever the interval: it is too narrow."
    return [
        "",
        f"Less the best baseline of this table, {title_of(best['name'])} (the highest mean over the same chips, "
        f"{number(best['mean'])}), paired, 95 % from draws of whole blocks: {'; '.join(gains)}.{few}",
    ]


def _strata(divisions: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for division in divisions.values():
        if not division["strata"]:
            lines += [f"By {division['title']}: {division['note']}.", ""]
            continue
        first = next(iter(division["strata"].values()))
        names = list(first["predictors"])
        lines += [f"By {division['title']}: mean correlation (share of chips on which it is the best).", ""]
        rows = []
        for name, part in division["strata"].items():
            cells = (part["predictors"][n] for n in names)
            rows.append([name, str(part["n"]), *(f"{number(c['mean'])} ({number(c['best'], 2)})" for c in cells)])
        lines += [*_table(["", "n", *(title_of(n) for n in names)], rows), ""]
    return lines[:-1]


def summary(made: Evaluation) -> str:
    """The table for the shell: both ways of tracking, t1 and t2."""
    width = max(len(title_of(name)) for name in made.names)
    head = f"{'':{width}}   mean   < 0.3  0.3–0.7  > 0.7   95 % of the mean   peak ratio  error px  < 1 px"
    lines = []
    for mode, targets in made.tables.items():
        for target, rows in targets.items():
            n, blocks = (next(iter(rows.values()))[k] for k in ("n", "blocks"))
            lines += [f"{mode}, {target}: {n} chips in {blocks} blocks", head]
            for name, row in rows.items():
                cells = f"{number(row['mean']):>6}  {number(row['low']):>6}  {number(row['medium']):>7}"
                cells += f"  {number(row['high']):>5}   {_interval(row['interval']):>16}"
                cells += f"  {number(row['peak_ratio'], 2):>10}  {number(row['error_px'], 2):>8}"
                lines.append(f"{title_of(name):{width}}  {cells}  {number(row['close'], 2):>6}")
            lines.append("")
    lines.append(f"error px: median against {made.reference}")
    lines += [f"{name}: {note}" for name, note in made.georeference.items()]
    return "\n".join(lines)
