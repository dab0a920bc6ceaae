"""What went wrong with a map, in one sentence and without the objects of the process it happened in."""

from __future__ import annotations

from napari_icenet.errors import IceNetError, TrackingError, UsageError, WeightsError


def told(error: Exception) -> IceNetError:
    """The error as one of the house's, fit to be sent to another process."""
    if isinstance(error, IceNetError):
        return type(error)(str(error))
    if isinstance(error, MemoryError):
        return UsageError("the memory is full; choose a smaller area, a larger stride, or fewer predictors.")
    name = type(error).__name__
    if name in ("OutOfMemoryError", "AcceleratorError"):
        return WeightsError(
            f"the device of the networks gave up ({_first_line(error)}); choose the device cpu, or try again."
        )
    if isinstance(error, OSError):
        return TrackingError(f"a file cannot be used any more ({error}); open the stack again.")
    return TrackingError(f"the map stopped at an error that nobody foresaw ({name}: {_first_line(error)}).")


def ended(code: int | None) -> IceNetError:
    """A process that worked on the map has ended by itself."""
    how = f"signal {-code}" if code is not None and code < 0 else f"status {code}"
    return TrackingError(
        f"a process that worked on the map has ended ({how}), perhaps for lack of memory; "
        "choose fewer predictors or a smaller area, and start again."
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
