"""The settings of a run as a form: made from the same configuration that the command line takes."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from napari_icenet.gui.forms.labels import described, label_of, sentence
from napari_icenet.training.objectives.registry import OBJECTIVES
from napari_icenet.training.settings import RunSettings

Kind = Literal["int", "float", "bool", "choice", "text", "list", "values"]
#: The few settings that matter in every run; the others fold away.
PRIMARY = (
    "weights", "optimisation.steps", "optimisation.batch", "optimisation.learning_rate", "validation.every",
    "data.simulated", "device",
)  # fmt: skip
#: Groups by the beginning of their fields' keys, in the order of the form.
_GROUPS = {
    "": "Run",
    "data": "Data",
    "data.simulation": "Simulated ice",
    "optimisation": "Learning",
    "validation": "Validation",
    "model_settings": "Network",
    "objective": "What is minimised",
}
#: Chosen elsewhere in the form: what is learned from, and the network's and objective's own settings.
_APART = ("data.datasets", "model_settings", "objective")


@dataclass(frozen=True)
class Field:
    """One setting.

    Attributes
    ----------
    key : str
        As of ``icenet train --set``, such as ``optimisation.steps``.
    label, description, unit : str
        For the reader; unit is empty where there is none.
    kind : {'int', 'float', 'bool', 'choice', 'text', 'list', 'values'}
        A ``list`` is typed with commas, ``values`` are names and values of further settings.
    default : object
        Plain value.
    low, high : float, optional
        Limits.
    low_open, high_open : bool
        Whether the limit itself is refused.
    choices : tuple of str
        Of a ``choice``; of a ``text``, what may be offered.
    optional : bool
        Whether it may be left empty.
    primary : bool
        Whether it is always in view.
    command : str
        How it is given on the command line; empty where a form says nothing of that.
    """

    key: str
    label: str
    description: str
    unit: str
    kind: Kind
    default: Any
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False
    primary: bool = False
    command: str = ""


@dataclass(frozen=True)
class Group:
    """Settings that belong together."""

    key: str
    title: str
    fields: tuple[Field, ...]


@cache
def form() -> tuple[Group, ...]:
    """All settings of a run but those of the network and of what is minimised (:func:`own_form`)."""
    found: dict[str, list[Field]] = {}
    for key, info in _leaves(RunSettings):
        if key not in _APART:
            found.setdefault(_group(key), []).append(_run_field(key, info))
    return tuple(Group(key, title, tuple(found[key])) for key, title in _GROUPS.items() if key in found)


@cache
def own_form(model: str) -> tuple[Group, ...]:
    """Settings of a network, and of what is minimised; loads torch, so call it off the interface's thread.

    Raises
    ------
    UsageError
        There is no such model.
    """
    from napari_icenet.models.registry import network_class
    from napari_icenet.training.objectives.registry import objective_class

    kinds = {"model_settings": network_class(model).settings_type, "objective": objective_class(model).settings_type}
    return tuple(
        Group(key, _GROUPS[key], tuple(_run_field(name, info, kind) for name, info in _leaves(kind, f"{key}.")))
        for key, kind in kinds.items()
    )


@cache
def fields_of(model: type[BaseModel]) -> dict[str, Field]:
    """Fields of any other configuration by key, such as those of a track or a dataset."""
    return {key: _field(key, info, model) for key, info in _leaves(model)}


def values_of(settings: BaseModel) -> dict[str, Any]:
    """Plain values of settings by key."""
    return dict(_flat(settings.model_dump(mode="json")))


def from_form(values: Mapping[str, Any]) -> tuple[RunSettings | None, dict[str, str]]:
    """Settings from what stands in a form.

    Parameters
    ----------
    values : mapping of str
        By key, as typed or chosen; what is not named has its default, an empty text is none.

    Returns
    -------
    settings : RunSettings or None
        None where something cannot be used.
    errors : dict of str to str
        By key, one sentence each; the key of a group where values do not fit together.
    """
    kinds = {field.key: field for group in form() for field in group.fields}
    nested: dict[str, Any] = {}
    for key, value in values.items():
        place = nested
        *groups, name = key.split(".")
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = _plain(value, kinds.get(key))
    try:
        return RunSettings.model_validate(nested), {}
    except ValidationError as error:
        errors: dict[str, str] = {}
        for one in error.errors():
            key = _key(one["loc"], values)
            errors.setdefault(key, sentence(label_of(key), one))
        return None, errors


def _leaves(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner = described(kind)
            for key, leaf in _leaves(kind, f"{before}{name}."):
                told = inner.get(key.rpartition(".")[2])
                yield key, leaf if leaf.description or not told else _with_description(leaf, told)
        else:
            yield f"{before}{name}", info


def _with_description(info: FieldInfo, text: str) -> FieldInfo:
    told = FieldInfo.merge_field_infos(info)
    told.description = text
    return told


def _group(key: str) -> str:
    return max((group for group in _GROUPS if key.startswith(f"{group}.") or not group), key=len)


def _run_field(key: str, info: FieldInfo, model: type[BaseModel] | None = None) -> Field:
    return _field(key, info, model, f"--set {key}=")


def _field(key: str, info: FieldInfo, model: type[BaseModel] | None = None, command: str = "") -> Field:
    annotation, optional = _without_none(info.annotation)
    kind, choices = _kind(annotation)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    told = info.description or (described(model).get(key.rpartition(".")[2], "") if model is not None else "")
    if key == "model":
        kind, choices = "choice", tuple(OBJECTIVES)
    elif key == "device":
        choices = ("auto", "cpu", "cuda")
    limits = _limits(info)
    return Field(
        key, label_of(key), told, str(extra.get("unit", "")), kind, _default(info),
        low=limits.get("ge", limits.get("gt")), high=limits.get("le", limits.get("lt")),
        low_open="gt" in limits, high_open="lt" in limits,
        choices=choices, optional=optional, primary=key in PRIMARY, command=command,
    )  # fmt: skip


def _default(info: FieldInfo) -> Any:
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return None
    return list(value) if isinstance(value, tuple) else value


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return (kinds[0] if len(kinds) == 1 else str), len(kinds) < len(get_args(annotation))
    return annotation, False


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    origin = get_origin(annotation)
    if origin is Literal:
        return "choice", tuple(str(value) for value in get_args(annotation))
    if origin in (tuple, list) or annotation in (tuple, list):
        return "list", ()
    if origin is dict or annotation is dict:
        return "values", ()
    plain: dict[Any, Kind] = {bool: "bool", int: "int", float: "float"}
    return plain.get(annotation, "text"), ()


def _limits(info: FieldInfo) -> dict[str, float]:
    return {
        name: float(value)
        for name in ("ge", "gt", "le", "lt")
        for part in info.metadata
        if isinstance(value := getattr(part, name, None), int | float)
    }


def _plain(value: Any, field: Field | None) -> Any:
    """A value as settings take it: lists from text with commas, None from an empty text."""
    if isinstance(value, str):
        text = value.strip()
        if not text and (field is None or field.optional):
            return None
        if field is not None and field.kind == "list":
            return [part.strip() for part in text.split(",") if part.strip()]
        return text
    return value


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    free = {field.key for group in form() for field in group.fields if field.kind == "values"}
    for name, value in values.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping) and key not in free:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def _key(place: tuple[int | str, ...], values: Mapping[str, Any]) -> str:
    """The key that an error belongs to: that of the field, not of one of its items."""
    parts = [str(part) for part in place]
    for count in range(len(parts), 0, -1):
        if ".".join(parts[:count]) in values:
            return ".".join(parts[:count])
    return ".".join(parts)
