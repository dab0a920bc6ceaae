"""What import-linter does not hold: the size of rooms, what they say of themselves, and what is loaded when.

Which room may import which stands in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import napari_icenet

SOURCE = Path(napari_icenet.__file__).parent
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


def test_files_and_folders_are_small_rooms():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {path: count for path, count in lines.items() if count > 400}
    folders = Counter(path.parent for path in MODULES)
    assert not {folder: count for folder, count in folders.items() if count > 25}


def test_each_folder_says_what_is_in_it_and_who_imports_it():
    rooms = [path for path in MODULES if path.name == "__init__.py" and path.parent != SOURCE]
    assert not [path for path in rooms if "mport" not in (ast.get_docstring(ast.parse(path.read_text())) or "")]


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


def described() -> str:
    return (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_architecture_page_has_a_line_for_each_folder():
    named = set(re.findall(r"`([a-z_/]+/)`", described()))
    folders = {f"{path.parent.relative_to(SOURCE)}/" for path in MODULES if path.parent != SOURCE}
    assert not folders - named


def test_the_architecture_page_names_files_that_are_there():
    names = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", described()))
    assert not {name for name in names if not (SOURCE / name).is_file()}


@pytest.mark.parametrize("walk", ["A click", "A folder", "Two dates", "Train becomes"])
def test_a_walk_reads_at_most_25_files(walk):
    section = described().split(f"### {walk}", 1)[1].split("\n#", 1)[0]
    assert 5 <= len(set(re.findall(r"`([a-z_/]+\.py)`", section))) <= 25
