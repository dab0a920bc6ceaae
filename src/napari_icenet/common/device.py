"""Processors that compute: which there are on this machine, and which one is meant by a name.

Asking PyTorch costs seconds, so it is not asked where nothing hints at a graphics processor.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from napari_icenet.errors import UsageError

if TYPE_CHECKING:
    import torch

Kind = Literal["cpu", "cuda", "mps"]

#: Names a device can be asked for by; ``cuda:1`` and so on are one of several.
DEVICES = ("auto", "cpu", "cuda", "mps")
#: Graphics processors, those that are preferred first.
GRAPHICS: tuple[Kind, ...] = ("cuda", "mps")
_KINDS: tuple[Kind, ...] = ("cpu", *GRAPHICS)
_NAME = re.compile(r"(auto|cpu|mps|cuda)|cuda:(\d+)")
#: Traces of a driver that PyTorch's ``cuda`` can use: NVIDIA, NVIDIA under Windows' Linux, AMD.
_DRIVERS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")
_GIB = 1024**3


@dataclass(frozen=True)
class Device:
    """A processor that computes.

    Attributes
    ----------
    kind : {'cpu', 'cuda', 'mps'}
        As PyTorch calls it.
    number : int, optional
        Which of several, of kind ``cuda``.
    threads : int, optional
        Threads that will be used on a CPU; None is all cores.
    """

    kind: Kind
    number: int | None = None
    threads: int | None = None

    @property
    def title(self) -> str:
        """In words, for reports and the window: ``CPU, 8 cores``, ``NVIDIA H200``, ``Apple GPU``."""
        if self.kind == "cuda":
            import torch

            return str(torch.cuda.get_device_name(self.number))
        if self.kind == "mps":
            return "Apple GPU"
        count, unit = (cores(), "core") if self.threads is None else (self.threads, "thread")
        return f"CPU, {count} {unit}{'s' if count != 1 else ''}"

    @property
    def name(self) -> str:
        """As :func:`choose_device` takes it, and PyTorch: ``cuda:0``."""
        return self.kind if self.number is None else f"{self.kind}:{self.number}"

    def as_torch(self) -> torch.device:
        """The same for PyTorch, which is loaded for it."""
        import torch

        return torch.device(self.name)


class Listed(NamedTuple):
    """A device to choose from.

    Attributes
    ----------
    name : str
        As :func:`choose_device` takes it: ``cuda:0``.
    title : str
        In words: ``cuda:0 · NVIDIA H200 · 139 GiB, 120 free``.
    """

    name: str
    title: str


def devices(auto: Sequence[Kind] = GRAPHICS) -> list[Listed]:
    """The devices that there are here; the first is what ``auto`` stands for.

    Where nothing hints at a graphics processor PyTorch is not loaded. Elsewhere the first call takes as long
    as PyTorch needs to wake it, seconds; later ones ask for the free memory alone.

    Parameters
    ----------
    auto : sequence of {'cuda', 'mps'}
        Kinds that ``auto`` takes; others come last.
    """
    found = []
    if may_have("cuda") and absence("cuda", trial=False) is None:
        import torch

        free = _free_memory()
        for number in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(number)
            room = f"{about.total_memory / _GIB:.0f} GiB"
            spare = free.get(str(getattr(about, "uuid", "")))
            if spare is not None:
                room += f", {spare / _GIB:.0f} free"
            found.append(_listed(f"cuda:{number}", about.name, room))
    if may_have("mps") and absence("mps", trial=False) is None:
        found.append(_listed("mps", "Apple GPU", *_installed()))
    count = cores()
    found.append(_listed("cpu", f"{count} core{'s' if count > 1 else ''}", *_installed()))
    return sorted(found, key=lambda one: one.name != "cpu" and one.name.partition(":")[0] not in auto)


def choose_device(
    name: str = "auto",
    *,
    auto: Sequence[Kind] = GRAPHICS,
    rank: int = 0,
    threads: int | None = None,
    trial: bool = True,
) -> Device:
    """The device called ``name``.

    Parameters
    ----------
    name : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …, ``mps``.
    auto : sequence of {'cuda', 'mps'}
        Kinds that ``auto`` takes, in this order, where they work; else the CPU.
    rank : int
        Which CUDA device ``cuda`` and ``auto`` stand for: each process on a machine takes one of its own.
    threads : int, optional
        Threads that will be used on a CPU; only its title depends on them. Default: all cores.
    trial : bool
        Also let a graphics processor compute something small, which sets memory aside on it.

    Raises
    ------
    UsageError
        There is no such device, or it does not work here.
    """
    asked = _NAME.fullmatch(name.strip().lower())
    if asked is None:
        raise UsageError(f"there is no device {name}; choose {', '.join(DEVICES)}, or cuda:1 and so on.")
    number = int(asked[2]) if asked[2] else rank
    if asked[1] == "auto":
        kind: Kind = next((one for one in auto if may_have(one) and absence(one, trial=trial) is None), "cpu")
    else:
        kind = next(one for one in _KINDS if one == (asked[1] or "cuda"))
        check_works(kind, trial=trial)
    if kind == "cpu":
        return Device("cpu", threads=threads)
    return Device("mps") if kind == "mps" else _cuda(number)


def _cuda(number: int) -> Device:
    import torch

    count = torch.cuda.device_count()
    if number >= count:
        raise UsageError(f"there is no CUDA device {number}; this machine has {count}.")
    return Device("cuda", number)


def may_have(kind: Kind) -> bool:
    """True if anything hints at a device of a kind; costs nothing, and is asked before PyTorch is."""
    return {"cuda": _may_have_cuda, "mps": _may_have_mps}.get(kind, lambda: True)()


def absence(kind: Kind, *, trial: bool = True) -> str | None:
    """Reason why a device of a kind cannot be used; None where it can.

    Parameters
    ----------
    kind : {'cpu', 'cuda', 'mps'}
    trial : bool
        Also let it compute something small, which sets memory aside on it.
    """
    if kind == "cpu":
        return None
    why = _cuda_absence() if kind == "cuda" else _mps_absence()
    return _trial(kind) if why is None and trial else why


def check_works(kind: Kind, *, trial: bool = True) -> None:
    """Refuse a kind of device that cannot be used.

    Raises UsageError: the message says why.
    """
    why = absence(kind, trial=trial)
    if why is not None:
        raise UsageError(f"the device {kind} cannot be used here: {why}; choose cpu, or leave it to auto.")


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


def memory() -> int | None:
    """Bytes of memory in this machine; None where the system does not tell."""
    if sys.platform == "win32":
        import ctypes

        kilobytes = ctypes.c_ulonglong()
        told = ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024 if told else None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _listed(name: str, *facts: str) -> Listed:
    return Listed(name, " · ".join((name, *facts)))


def _installed() -> tuple[str, ...]:
    """The machine's memory in words; nothing where the system does not tell."""
    size = memory()
    return () if size is None else (f"{size / _GIB:.0f} GiB",)


def _free_memory() -> dict[str, int]:
    """Free bytes of each NVIDIA processor, by its UUID as PyTorch writes it; empty where nobody knows.

    The driver's own tool is asked, for PyTorch sets memory aside on each processor that it asks.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    query = [tool, "--query-gpu=uuid,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = [line.split(",") for line in told.splitlines()]
    return {
        line[0].strip().removeprefix("GPU-"): int(line[1]) * 1024**2
        for line in lines
        if len(line) == 2 and line[1].strip().isdigit()
    }


def _may_have_cuda() -> bool:
    """True if anything hints at a graphics processor for CUDA."""
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvcuda.dll").exists()
    return any(Path(trace).exists() for trace in _DRIVERS)


def _may_have_mps() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def _cuda_absence() -> str | None:
    """Reason why there is no CUDA; None where there is."""
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed"
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return "the installed PyTorch is made without CUDA"
    if not torch.cuda.is_available():
        return "PyTorch finds no NVIDIA graphics processor or driver"
    return None


def _mps_absence() -> str | None:
    """Reason why there is no MPS; None where there is."""
    if not _may_have_mps():
        return "it is part of Apple's own processors"
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed"
    import torch

    if not torch.backends.mps.is_available():
        return "PyTorch finds no Metal device"
    return None


def _trial(kind: Kind) -> str | None:
    """One small transform: a processor that is too old, or full, shows only when it computes."""
    import torch

    try:
        torch.fft.rfft2(torch.ones(4, 4, device=kind)).real.sum().item()
    except RuntimeError as error:
        return str(error).strip().splitlines()[0].rstrip(".")
    return None
