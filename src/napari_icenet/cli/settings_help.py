"""Help texts that name the defaults of settings, which are looked up when help is shown."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

from typer.core import TyperCommand, TyperOption

#: Stands in a help text for the default that the settings give.
DEFAULT = "{default}"


def with_defaults(settings: str, **further: str) -> type[TyperCommand]:
    """A class of command whose help names the defaults of settings.

    Parameters
    ----------
    settings : str
        Where they are, as ``module:Class``; imported when help is shown, so that commands start at once.
    **further : str
        Where the default of an option is that the settings derive from others, as ``module:NAME``.

    Returns
    -------
    type of TyperCommand
        For ``app.command(cls=…)``. ``{default}`` in the help of an option is the default of the field of its name.
    """

    class WithDefaults(TyperCommand):
        def format_help(self, ctx: Any, formatter: Any) -> None:
            fields = resolve_name(settings).model_fields
            for parameter in self.params:
                if isinstance(parameter, TyperOption) and DEFAULT in (parameter.help or ""):
                    name = str(parameter.name)
                    default = resolve_name(further[name]) if name in further else fields[name].default
                    parameter.help = str(parameter.help).replace(DEFAULT, str(default))
            super().format_help(ctx, formatter)

    return WithDefaults
