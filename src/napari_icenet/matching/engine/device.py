"""Which devices work on this machine, and which one matches are computed on: the fastest, or the one asked for.

Asking PyTorch costs seconds, so it is not asked where nothing hints at a graphics processor.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_icenet.errors import UsageError

Kind = Literal["cpu", "cuda", "mps"]

#: Names a device can be asked for by.
DEVICES = ("auto", "cpu", "cuda", "mps")
#: Graphics processors, those that are preferred first.
_GRAPHICS: tuple[Kind, ...] = ("cuda", "mps")
#: Traces of a driver that PyTorch's ``cuda`` can use: NVIDIA, NVIDIA under Windows' Linux, AMD.
_DRIVERS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")


@dataclass(frozen=True)
class Device:
    """Where matches are computed.

    Attributes
    ----------
    kind : {'cpu', 'cuda', 'mps'}
        As PyTorch calls it.
    title : str
        In words, for reports and the window: ``CPU, 8 cores``, ``NVIDIA H200``, ``Apple GPU``.
    """

    kind: Kind
    title: str


def choose_device(name: str = "auto", threads: int | None = None) -> Device:
    """The device called ``name``, or the fastest there is.

    Parameters
    ----------
    name : {'auto', 'cpu', 'cuda', 'mps'}
        ``auto`` takes CUDA, else Apple's MPS, else the CPU.
    threads : int, optional
        Threads that will be used on a CPU; only its title depends on them. Default: all cores.

    Raises
    ------
    UsageError
        There is no such device, or it does not work here.
    """
    wish = name.strip().lower()
    if wish not in DEVICES:
        raise UsageError(f"there is no device {name}; choose {', '.join(DEVICES)}.")
    for kind in _GRAPHICS:
        if wish == kind:
            check_works(kind)
        if wish == kind or (wish == "auto" and may_have(kind) and absence(kind) is None):
            return Device(kind, _title(kind))
    return Device("cpu", _cpu_title(threads))


def may_have(kind: Kind) -> bool:
    """Whether anything hints at a device of a kind; costs nothing, and is asked before PyTorch is."""
    return {"cuda": _may_have_cuda, "mps": _may_have_mps}.get(kind, lambda: True)()


def absence(kind: Kind, *, trial: bool = True) -> str | None:
    """Why a device of a kind cannot be used; None where it can.

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

    Raises
    ------
    UsageError
        The message says why.
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


def _cpu_title(threads: int | None) -> str:
    count, unit = (cores(), "core") if threads is None else (threads, "thread")
    return f"CPU, {count} {unit}{'s' if count != 1 else ''}"


def _title(kind: Kind) -> str:
    if kind == "mps":
        return "Apple GPU"
    import torch

    return str(torch.cuda.get_device_name())


def _may_have_cuda() -> bool:
    """Whether anything hints at a graphics processor for CUDA."""
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvcuda.dll").exists()
    return any(Path(trace).exists() for trace in _DRIVERS)


def _may_have_mps() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def _cuda_absence() -> str | None:
    """Why there is no CUDA; None where there is."""
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed"
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return "the installed PyTorch is made without CUDA"
    if not torch.cuda.is_available():
        return "PyTorch finds no NVIDIA graphics processor or driver"
    return None


def _mps_absence() -> str | None:
    """Why there is no MPS; None where there is."""
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


__all__ = ["DEVICES", "Device", "absence", "check_works", "choose_device", "cores", "may_have", "memory"]
