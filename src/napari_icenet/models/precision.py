"""Precision of a network's arithmetic, and the device that it computes on; PyTorch is loaded when it is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_icenet.common.device import Kind, choose_device

if TYPE_CHECKING:
    import torch

#: What a network computes in. fp32 gives the same numbers on every machine, up to rounding; the others are mixed
#: with fp32 and change predictions by up to some tenths of a percent. auto: the quickest that the device has.
Precision = Literal["fp32", "bf16", "fp16", "auto"]

#: What ``auto`` takes for networks. Apple's MPS lacks some of their operations: it is taken by name only.
NETWORK_AUTO: tuple[Kind, ...] = ("cuda",)


def network_device(wanted: str, rank: int = 0) -> torch.device:
    """The device that a network is to be on.

    Parameters
    ----------
    wanted : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …, ``mps``.
    rank : int
        Number of the process on this machine: each takes a GPU of its own.

    Raises
    ------
    UsageError
        There is no such device here.
    """
    return choose_device(wanted, auto=NETWORK_AUTO, rank=rank, trial=False).as_torch()


def network_type(precision: Precision, device: torch.device) -> torch.dtype:
    """The type of a network's arithmetic.

    Parameters
    ----------
    precision : {'fp32', 'bf16', 'fp16', 'auto'}
        ``auto`` takes bf16 where the device has instructions for it, fp16 on older GPUs, else fp32.
    device : torch.device
    """
    import torch

    if precision != "auto":
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if device.type == "cpu" and _cpu_has_bf16() else torch.float32


def type_name(kind: torch.dtype) -> str:
    """``float32``, ``bfloat16`` or ``float16``, as cards, runs and reports write it."""
    return str(kind).removeprefix("torch.")


@contextlib.contextmanager
def arithmetic(device: torch.device, kind: torch.dtype) -> Iterator[None]:
    """Compute in a type: mixed precision for a short one; float32 is full, without a GPU's 19-bit products."""
    import torch

    if kind != torch.float32:
        with torch.autocast(device.type, kind):
            yield
        return
    if device.type != "cuda":
        yield
        return
    matrices = torch.backends.cuda.matmul
    before = matrices.allow_tf32
    matrices.allow_tf32 = False
    try:
        with torch.backends.cudnn.flags(allow_tf32=False):
            yield
    finally:
        matrices.allow_tf32 = before


@cache
def _cpu_has_bf16() -> bool:
    """True if the processor multiplies bf16 by instructions of its own; emulated, it is slower than fp32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16 "))
