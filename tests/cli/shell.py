"""The command line run in this process, and small pictures for it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from affine import Affine
from numpy.typing import NDArray

from tests.scenes.products import (
    CRS_UTM,
    TRANSFORM_UTM,
    write_tiff,
)

#: Fits in the small pictures of these tests.
CHIP = ("--chip", 32, "--scale", 1.5)
AT = (*CHIP, "--at", "48,48")


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard error without the lines of progress."""
        return [line for line in self.err.splitlines() if " % " not in line[:6]]

    def error(self, code: int = 1) -> str:
        """The one error line, where nothing else was said but warnings."""
        assert self.code == code, (self.code, self.err)
        assert self.out == ""
        errors = [line for line in self.lines if line.startswith("error: ")]
        assert len(errors) == 1, self.err
        assert all(line.startswith(("error: ", "warning: ")) for line in self.lines), self.err
        assert errors[0].endswith(".")
        return errors[0]

    def warnings(self) -> list[str]:
        """The warnings of a command that did its work."""
        assert self.code == 0, self.err
        assert all(line.startswith("warning: ") for line in self.lines), self.err
        return self.lines

    def warning(self) -> str:
        """The one warning of a command that did its work."""
        assert len(self.warnings()) == 1, self.err
        return self.warnings()[0]

    @property
    def table(self) -> pd.DataFrame:
        """The tracks printed."""
        return pd.read_csv(io.StringIO(self.out))

    @property
    def dates(self) -> list[str]:
        """The dates of ``info --json``."""
        return [scene["date"] for scene in json.loads(self.out)["scenes"]]


Icenet = Callable[..., Said]


def texture(side: int = 96) -> NDArray[np.float64]:
    """Band-limited noise, which a chip can be found in."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(np.random.default_rng(0).normal(size=(side, side)))
    smooth = np.fft.ifft2(noise * np.exp(-((frequency / 0.1) ** 2))).real
    return np.asarray(8000 + 2000 * smooth / smooth.std(), np.float64)


def write_dated(
    folder: Path,
    place: Callable[[int], Affine | None] = lambda i: TRANSFORM_UTM,
    crs: Callable[[int], str | None] = lambda i: CRS_UTM,
    change: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda values: values,
    dtype: str = "uint16",
) -> Path:
    """Three dated images whose texture moves one column a date."""
    folder.mkdir()
    for i, day in enumerate(("20200101", "20200117", "20200202")):
        values = change(np.roll(texture(), i, axis=1)).astype(dtype)
        write_tiff(folder / f"{day}.tif", values, transform=place(i), crs=crs(i))
    return folder
