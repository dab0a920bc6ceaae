"""Settings from plain values, and what is wrong with them in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_icenet.common.text import brief
from napari_icenet.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)


class FrozenModel(BaseModel):
    """Values that do not change once they are checked; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(FrozenModel):
    """Choices of a user, each with a default: made by name, checked, and immutable.

    Raises UsageError: a name or a value cannot be used; the message names the first. ``model_validate`` raises
    pydantic's own error, which has them all.
    """

    if not TYPE_CHECKING:  # types of the arguments are those of the fields

        def __init__(self, /, *places: object, **values: Any) -> None:
            if places:
                some = next(iter(type(self).model_fields), "name")
                raise UsageError(f"{type(self).__name__} takes its values by name, as in {some}=….")
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise UsageError(_sentence(type(self), error)) from error

        # Within other models pydantic checks the fields itself, and tells the way to a wrong one.
        __init__.__pydantic_base_init__ = True


def setting(default: Any, description: str, unit: str = "", **limits: Any) -> Any:
    """A field of a configuration, from which forms and help texts are made.

    Parameters
    ----------
    default : object
    description : str
        What it does, in sentences; without its default and unit, which stand beside it.
    unit : str
        Such as ``px``; ``0 to 1`` for a share.
    **limits
        ``ge``, ``gt``, ``le``, ``lt``, ``multiple_of``, as of :func:`pydantic.Field`.
    """
    return Field(default=default, description=description, json_schema_extra={"unit": unit}, **limits)


def even(value: int) -> int:
    """A number of pixels with a middle, for ``field_validator``; raises ValueError where it is odd."""
    if value % 2:
        raise ValueError(f"must be even; use {value - 1} or {value + 1}")
    return value


def made(model: type[Model], values: Mapping[str, Any]) -> Model:
    """A configuration from plain values, as typed by a user.

    Raises UsageError: a value does not make sense, or values do not fit together; the message names the first.
    """
    try:
        return model(**values)
    except ValidationError as error:
        raise UsageError(_sentence(model, error)) from error


def given_or_default(kind: type[Model], given: Model | None) -> Model:
    """Settings as they were handed over, or those by default.

    Raises UsageError: something else was handed over.
    """
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        raise UsageError(f"A dict is no settings; write {kind.__name__}(**it), which checks its values.")
    raise UsageError(f"A {type(given).__name__} is no settings here; hand over {kind.__name__}(…).")


def _sentence(model: type[BaseModel], error: ValidationError) -> str:
    """What is wrong first."""
    problems = error.errors()
    first = problems[0]
    loc, reason = first["loc"], first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return _unknown(model, loc)
    # Of a value that may be of several types pydantic tells each: the last part of their places is the type.
    rivals = [one for one in problems if one["loc"][:-1] == loc[:-1] and one["input"] is first["input"]]
    if len(loc) > 1 and len(rivals) > 1:
        loc = loc[:-1]
        reason = " or ".join(one["msg"].removeprefix("Input should be ") for one in rivals)
        reason = f"Input should be {reason}"
    field = ".".join(str(part) for part in loc)
    if not field:
        return f"{reason[0].upper()}{reason[1:]}."
    return f"{field} {brief(first['input'])} cannot be used: {reason[0].lower()}{reason[1:]}."


def _unknown(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """The sentence of a name that there is not, with those there are."""
    kind: Any = model
    for part in loc[:-1]:
        fields = getattr(kind, "model_fields", {})
        kind = fields[part].annotation if part in fields else None
    names = list(getattr(kind, "model_fields", {}))
    near = get_close_matches(str(loc[-1]), names, 1)
    way = f"did you mean {near[0]}?" if near else f"choose {', '.join(names)}." if names else "leave it out."
    return f"there is no setting {'.'.join(map(str, loc))}; {way}"
