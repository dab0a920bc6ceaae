"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from napari_icenet.cli.main import main
from tests.cli.shell import Icenet, Said, write_dated

# A suite started in the background ignores Ctrl-C, and so would the commands whose answer to it is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("long", max_examples=2000, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Networks of tests are too small to be shared: their threads would mostly wait for those of other workers."""
    import torch  # here, for the process that hands out the tests runs none

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What training remembers of runs and of this machine's pace is not the user's own."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("ICENET_HOME", str(tmp_path_factory.mktemp("icenet-home")))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real satellite data that ICENET_REAL_DATA names; skips without it."""
    folder = os.environ.get("ICENET_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("ICENET_REAL_DATA does not name the folder of real satellite data")
    return Path(folder).resolve()


@pytest.fixture
def icenet(capsys: pytest.CaptureFixture[str]) -> Icenet:
    """The command, run in this process."""

    def run(*words: object) -> Said:
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1 if end.code else 0
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good images; not to be written to."""
    return write_dated(tmp_path_factory.mktemp("good") / "plain")
