"""Device and precision that a network computes in.

What works on this machine is found out by :mod:`napari_icenet.matching.engine.device`; here are added the
number of a graphics processor and PyTorch's own device. PyTorch is loaded when it is needed, not before.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from napari_icenet.errors import UsageError
from napari_icenet.matching.engine.device import absence, check_works, cores, may_have, memory

if TYPE_CHECKING:
    import torch

#: What a network computes in. fp32 gives the same numbers on every machine, up to rounding; the others are mixed
#: with fp32 and change predictions by up to some tenths of a percent. auto: the quickest that the device has.
Precision = Literal["fp32", "bf16", "fp16", "auto"]

_GIB = 1024**3


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


def devices() -> list[Listed]:
    """The devices that networks can compute on here, graphics processors first.

    Where nothing hints at a graphics processor PyTorch is not loaded. Elsewhere the first call takes as long
    as PyTorch needs to wake it, seconds; later ones ask for the free memory alone.
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
    return found


def choose_device(wanted: str, local_rank: int = 0) -> torch.device:
    """The device that is meant.

    Parameters
    ----------
    wanted : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …; ``mps`` where it is asked for by name.
    local_rank : int
        Number of the process on this machine: each takes a GPU of its own.

    Raises
    ------
    UsageError
        There is no such device here.
    """
    import torch

    if wanted == "auto":
        wanted = "cpu" if absence("cuda", trial=False) else "cuda"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise UsageError(f"there is no device {wanted}; choose auto, cpu or cuda.") from error
    if device.type == "cuda":
        check_works("cuda", trial=False)
        number = local_rank if device.index is None else device.index
        if number >= torch.cuda.device_count():
            raise UsageError(f"there is no CUDA device {number}; this machine has {torch.cuda.device_count()}.")
        return torch.device("cuda", number)
    if device.type == "mps":
        check_works("mps", trial=False)
    return device


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
        output = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = [line.split(",") for line in output.splitlines()]
    return {
        line[0].strip().removeprefix("GPU-"): int(line[1]) * 1024**2
        for line in lines
        if len(line) == 2 and line[1].strip().isdigit()
    }


@cache
def _cpu_has_bf16() -> bool:
    """True if the processor multiplies bf16 by instructions of its own; emulated, it is slower than fp32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16 "))
