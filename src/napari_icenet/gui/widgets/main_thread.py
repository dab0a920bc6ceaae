"""Calls from other threads, handed on to Qt's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QObject
from superqt import ensure_main_thread

Owner = TypeVar("Owner", bound=QObject)
Given = ParamSpec("Given")


def on_main_thread(method: Callable[Concatenate[Owner, Given], None]) -> Callable[Concatenate[Owner, Given], None]:
    """Decorate a method of a QObject that any thread may call: it runs on Qt's thread, and the caller goes on.

    Called on Qt's thread it runs at once. A call that arrives after Qt has deleted the object does nothing.

    Parameters
    ----------
    method : callable
        A method; what it returns is dropped.
    """

    def call(self: Owner, args: tuple[Any, ...], choices: dict[str, Any]) -> None:
        if isalive(self):  # type: ignore[no-untyped-call]
            method(self, *args, **choices)

    deliver = ensure_main_thread(call, await_return=False)

    @wraps(method)
    def handed_on(self: Owner, *args: Given.args, **choices: Given.kwargs) -> None:
        # After the application has ended nobody is left to tell.
        if QCoreApplication.instance() is not None:
            deliver(self, args, choices)

    return cast("Callable[Concatenate[Owner, Given], None]", handed_on)
