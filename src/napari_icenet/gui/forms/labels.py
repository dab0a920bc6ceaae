"""Texts of a form: labels, descriptions, and what is wrong with a value."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

#: Labels that a name does not give by itself.
_LABELS = {
    "weights": "Start from",
    "half": "Save in 16 bits",
    "model": "Network",
    "optimisation.betas": "Adam's memory (betas)",
    "optimisation.average": "Averaging of weights",
    "optimisation.clip": "Longest gradient",
    "optimisation.pieces": "Pieces of a batch",
    "optimisation.final_share": "Learning rate at the end",
    "optimisation.batch": "Batch",
    "validation.every": "Validate every",
    "validation.sequences": "Held-out sequences",
    "validation.samples": "Chips in the picture",
    "validation.patience": "Stop after no gain in",
    "data.simulated": "Simulated sequences",
    "data.shares": "Shares of the datasets",
    "data.pool": "Folder of simulated ice",
    "data.workers": "Reading threads",
    "checkpoint_every": "Checkpoint every",
}
_ENTRY = re.compile(r"^(\w+(?:, \w+)*)(?: : .+)?$")
_LIMITS = {
    "greater_than_equal": ("ge", "be at least"),
    "greater_than": ("gt", "be greater than"),
    "less_than_equal": ("le", "be at most"),
    "less_than": ("lt", "be less than"),
    "multiple_of": ("multiple_of", "be a multiple of"),
}
_KINDS = {
    "int_parsing": "be a whole number",
    "int_type": "be a whole number",
    "int_from_float": "be a whole number",
    "float_parsing": "be a number",
    "float_type": "be a number",
    "finite_number": "be a finite number",
    "bool_parsing": "be yes or no",
    "bool_type": "be yes or no",
    "missing": "be given",
}


def label_of(key: str) -> str:
    """Label of a field."""
    name = key.rpartition(".")[2]
    return _LABELS.get(key) or name[:1].upper() + name[1:].replace("_", " ")


def described(model: type[BaseModel]) -> dict[str, str]:
    """Descriptions of the fields that stand in the docstring of a configuration."""
    lines = (inspect.getdoc(model) or "").splitlines()
    if "Attributes" not in lines:
        return {}
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in lines[lines.index("Attributes") + 2 :]:
        entry = _ENTRY.match(line)
        if entry:
            names = entry[1].split(", ")
        elif line.strip():
            for name in names:
                found.setdefault(name, []).append(line.strip().replace("``", "").replace("**", ""))
    return {name: " ".join(parts) for name, parts in found.items()}


def sentence(label: str, error: Mapping[str, Any]) -> str:
    """Sentence on what is wrong with the value of a field."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in _LIMITS:
        name, must = _LIMITS[kind]
        return f"{label} must {must} {context[name]:g}."
    if kind == "literal_error":
        return f"{label} must be {context['expected'].replace(chr(39), '')}."
    if kind == "extra_forbidden":
        return f"There is no setting {label}."
    if kind in _KINDS:
        return f"{label} must {_KINDS[kind]}."
    reason = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return (
        f"{label}: {reason[:1].lower()}{reason[1:]}." if kind != "value_error" else f"{reason[:1].upper()}{reason[1:]}."
    )
