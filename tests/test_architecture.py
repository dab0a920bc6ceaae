"""The rule of the house: data flows one way, and only gui/ knows napari and Qt."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import napari_icenet

SOURCE = Path(napari_icenet.__file__).parent
ROOMS = [
    "errors",
    "validation",
    "named",
    "scenes",
    "tracking",
    "sequences",
    "models",
    "predictors",
    "evaluation",
    "training",
    "gui",
]
INTERFACE = {"napari", "qtpy", "magicgui", "superqt", "pyqtgraph", "vispy", "PyQt6", "PySide6", "PyQt5"}
HEAVY = {"numpy", "torch", "napari", "rasterio", "dask", "pydantic", "xarray", "h5py", "pandas", "geopandas"}
HEAVY |= {"scipy", "cv2", "numba", "matplotlib", "zarr", "skimage"}
MODULES = sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_rooms_import_only_from_rooms_above(path):
    room = room_of(path)
    if room in ("__init__", "__main__") or room.partition("_")[0] == "cli":
        return
    for name in imported(path):
        if name.startswith("napari_icenet."):
            other = name.split(".")[1]
            if other in ROOMS:
                assert ROOMS.index(other) <= ROOMS.index(room), f"{room} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_gui_knows_the_interface(path):
    if room_of(path) != "gui":
        assert not {name.split(".")[0] for name in imported(path)} & INTERFACE


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_are_small_rooms(path):
    assert len(path.read_text().splitlines()) <= 400


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_after("import napari_icenet") & HEAVY


@pytest.mark.parametrize(
    "statement",
    [
        "import napari_icenet.cli.main",
        "import napari_icenet.cli.main as c, contextlib as s\nwith s.suppress(SystemExit): c.main(['--help'])",
    ],
    ids=["import", "help"],
)
def test_the_command_line_loads_nothing_heavy_before_a_command(statement):
    assert not loaded_after(statement) & HEAVY


def test_the_core_runs_without_the_interface():
    modules = loaded_after(
        "import napari_icenet.tracking.click_tracker, napari_icenet.scenes.open, napari_icenet.samples"
    )
    assert not {name.split(".")[0] for name in modules} & INTERFACE
