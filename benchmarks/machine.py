"""The machine that figures were measured on, in words."""

import platform
from importlib.metadata import version
from pathlib import Path

from napari_icenet.common.device import cores


def machine() -> str:
    """Processor, cores, system and the versions that matter."""
    tools = ", ".join(f"{name} {version(package)}" for name, package in _TOOLS.items())
    return f"{_processor()}, {cores()} cores, {platform.system()}, Python {platform.python_version()}, {tools}"


_TOOLS = {"NumPy": "numpy", "OpenCV": "opencv-python-headless", "PyTorch": "torch"}


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = [line.partition(":")[2].strip() for line in facts.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
