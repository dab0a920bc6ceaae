"""Settings from plain values, and what is wrong with them in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_icenet.common.text import brief
from napari_icenet.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)


class FrozenModel(BaseModel):
    """Values that do not change once they are checked; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        if not field:
            raise UsageError(f"{reason[0].upper()}{reason[1:]}.") from error
        raise UsageError(f"{field} {brief(first['input'])} cannot be used: {reason[0].lower()}{reason[1:]}.") from error
