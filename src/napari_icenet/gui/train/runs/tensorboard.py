"""The curves of a run in TensorBoard, where that is installed."""

from __future__ import annotations

import atexit
import json
import socket
import subprocess
import sys
import webbrowser
from importlib import import_module
from pathlib import Path
from typing import Any

from napari_icenet.errors import TrainingError
from napari_icenet.training.run_folder.folder import RunFolder

#: Inside the folder of the run; written anew each time.
FOLDER = "tensorboard"
_LEFT_OUT = ("kind", "step", "time", "skipped", "best", "sample", "text")
#: One that ends within so many seconds did not start.
_WAIT_S = 3
#: Those that were started here, by the folder they show.
_boards: dict[Path, tuple[subprocess.Popen[bytes], str]] = {}


def open_board(folder: Path) -> str:
    """Write the curves as TensorBoard reads them, start it, and show it in the browser.

    Returns
    -------
    str
        Its address.

    Raises
    ------
    TrainingError
        It cannot be written, or does not start.
    """
    place = write_events(folder)
    known = _boards.get(place)
    if known is not None and known[0].poll() is None:
        webbrowser.open(known[1])
        return known[1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "tensorboard.main", "--logdir", str(place), "--port", str(port)]
    try:
        board = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise TrainingError(f"TensorBoard cannot be started ({error.strerror or error}); install it again.") from error
    try:
        if board.wait(_WAIT_S):
            raise TrainingError("TensorBoard ended at once; start it by hand to see why.")
    except subprocess.TimeoutExpired:
        pass  # it is at work
    # It ends with the window's process: nothing of it is to be found running days later.
    atexit.register(board.terminate)
    address = f"http://127.0.0.1:{port}"
    _boards[place] = board, address
    webbrowser.open(address)
    return address


def write_events(folder: Path) -> Path:
    """The scalars of a run's log as TensorBoard's own events.

    Raises
    ------
    TrainingError
        They cannot be written.
    """
    # By name, for it need not be installed.
    event = import_module("tensorboard.compat.proto.event_pb2").Event
    summary = import_module("tensorboard.compat.proto.summary_pb2").Summary
    make_writer = import_module("tensorboard.summary.writer.event_file_writer").EventFileWriter

    run = RunFolder(folder)
    place = run.path / FOLDER
    try:
        for old in place.glob("events.out.*"):
            old.unlink()
        writer: Any = make_writer(str(place))
        for line in run.events()[0]:
            values = [
                summary.Value(tag=f"{line['kind']}/{name}", simple_value=value)
                for name, value in line.items()
                if name not in _LEFT_OUT and isinstance(value, int | float)
            ]
            if values:
                writer.add_event(event(wall_time=line.get("time", 0), step=line["step"], summary=summary(value=values)))
        writer.close()
    except (OSError, json.JSONDecodeError) as error:
        raise TrainingError(f"{place} cannot be written ({error}); free some space.") from error
    return place
