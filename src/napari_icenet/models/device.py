"""Where a network computes, and in what precision."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import Any

import torch

from napari_icenet.errors import UsageError


def choose_device(wanted: str, local_rank: int = 0) -> torch.device:
    """The device that is meant.

    Parameters
    ----------
    wanted : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …
    local_rank : int
        Number of the process on this machine: each takes a GPU of its own.

    Raises
    ------
    UsageError
        There is no such device.
    """
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise UsageError(f"there is no device {wanted}; choose auto, cpu or cuda.") from error
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise UsageError("there is no CUDA device here; choose the device cpu, or auto.")
        number = local_rank if device.index is None else device.index
        if number >= torch.cuda.device_count():
            raise UsageError(f"there is no CUDA device {number}; this machine has {torch.cuda.device_count()}.")
        return torch.device("cuda", number)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("there is no Metal device here; choose the device cpu, or auto.")
    return device


def quickest_type(device: torch.device) -> torch.dtype:
    """The type of a network's arithmetic: bf16 where the device has it, fp16 on older GPUs, else fp32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if device.type == "cpu" and _cpu_has_bf16() else torch.float32


def autocast(device: torch.device, kind: torch.dtype) -> contextlib.AbstractContextManager[Any]:
    """Mixed precision with this type; nothing for fp32."""
    return contextlib.nullcontext() if kind == torch.float32 else torch.autocast(device.type, kind)


@cache
def _cpu_has_bf16() -> bool:
    """Whether the processor multiplies bf16 by instructions of its own; emulated, it is slower than fp32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16 "))
