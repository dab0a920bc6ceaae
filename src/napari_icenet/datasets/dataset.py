"""Datasets opened for reading: any sequences at once, and batches for training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numcodecs import blosc
from numpy.typing import ArrayLike, NDArray

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.text import percent_text
from napari_icenet.datasets.covariates import CovariateValues
from napari_icenet.datasets.schema import DatasetRecord
from napari_icenet.datasets.sequences import SPLITS, Sequences
from napari_icenet.datasets.store import chunk_name, read_record, read_tables
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.jobs.prefetch import prefetch

if TYPE_CHECKING:
    from napari_icenet.datasets.torch_dataset import TorchSequences


def open_dataset(path: str | Path) -> SequenceDataset:
    """Open a dataset made by ``icenet dataset``; chips are read when they are asked for.

    Raises DatasetError: there is none, it is not whole, or a newer version has made it.
    """
    path = Path(path)
    record = read_record(path)
    try:
        return SequenceDataset(path, record)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise DatasetError(f"{path} is damaged in its tables; copy or build it again.") from error


class SequenceDataset(Described):
    """A dataset of sequences.

    Parameters
    ----------
    path : Path
    record : DatasetRecord
        Settings, stacks with their grids and scenes, and parts.

    Attributes
    ----------
    tables : dict of str to array
        All that is stored beside the chips, by name, each (n, …).
    stack, band : array of str, (n,)
    """

    def __init__(self, path: Path, record: DatasetRecord) -> None:
        self.path, self.record = path, record
        self.tables = read_tables(path)
        counts = [part.count for part in record.parts]
        self.part = np.repeat(np.arange(len(counts)), counts)
        self.stack = np.repeat(np.array([part.stack for part in record.parts], np.str_), counts)
        self.band = np.repeat(np.array([part.band for part in record.parts], np.str_), counts)
        self._dtype = np.result_type(*(np.dtype(stack.dtype) for stack in record.stacks))
        self._covariates = CovariateValues(record)
        settings = record.settings
        self.shape = settings.frames, settings.chip, settings.chip

    def facts(self) -> dict[str, str]:
        """Facts of a dataset: sequences, dates, shape, coordinate systems, share of valid frames."""
        grids = {stack.grid.grid().crs_name for stack in self.record.stacks}
        scenes = [scene for stack in self.record.stacks for scene in stack.scenes]
        times = np.unique(np.array([scene.time.replace(tzinfo=None) for scene in scenes], "datetime64[s]"))
        splits = (f"{count} {name}" for name in SPLITS if (count := int((self.split == name).sum())))
        return {
            "name": self.path.name,
            "dates": dates_text(times, "dates"),
            "shape": " × ".join(str(n) for n in (len(self), *self.shape)),
            "splits": ", ".join(splits),
            "CRS": ", ".join(sorted(grids)),
            "valid": f"{percent_text(float(self.tables['valid'].mean()))} valid" if len(self) else "",
            "shifts": self.record.shifts_text,
        }

    def as_torch(self, split: str | None = "train", *, band: str | None = None) -> TorchSequences:
        """The sequences of a split as a dataset of torch, for its ``DataLoader``.

        Parameters
        ----------
        split : str, optional
            None for all sequences.
        band : str, optional
            This band alone.

        Returns
        -------
        torch.utils.data.Dataset
            An item is a dict of tensors: ``chips`` (T, C, C) in stored values, NaN where missing, ``days`` (T,) since
            the first frame, ``valid`` (T,), ``levels`` (T, 2): mean and deviation of the pictures, to normalise with.

        Raises
        ------
        UsageError
            There is no such split.
        """
        from napari_icenet.datasets.torch_dataset import TorchSequences

        return TorchSequences(self.read, self.levels, self.select(split=split, band=band))

    def __len__(self) -> int:
        return len(self.part)

    @property
    def split(self) -> NDArray[np.str_]:
        """Name of every sequence's split."""
        return np.asarray(np.array(SPLITS)[self.tables["split"]])

    def select(
        self, *, split: str | None = None, band: str | None = None, stack: str | None = None
    ) -> NDArray[np.intp]:
        """Indices of the sequences of a split, band or stack.

        Raises
        ------
        UsageError
            There is no such split.
        """
        if split is not None and split not in SPLITS:
            raise UsageError(f"there is no split {split}; choose {', '.join(SPLITS)}.")
        chosen = np.ones(len(self), bool)
        for wanted, values in ((split, self.split), (band, self.band), (stack, self.stack)):
            if wanted is not None:
                chosen &= values == wanted
        return np.flatnonzero(chosen)

    def levels(self, indices: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the pictures that frames come from, each (n, T), to normalise with."""
        parts = self.part[np.asarray(indices, np.intp)]
        every = np.array(
            [[(v.mean, v.deviation) for v in part.levels] for part in self.record.parts], np.float64
        ).reshape(len(self.record.parts), self.shape[0], 2)
        return every[parts, :, 0], every[parts, :, 1]

    def covariates(self, indices: ArrayLike) -> NDArray[np.float64] | None:
        """Further facts of the dates of sequences, (n, T, K); None where the dataset has none.

        Their names are those of the record; NaN is missing.
        """
        at = np.asarray(indices, np.intp)
        return self._covariates.at(self.stack[at], self.tables["times"][at].astype("datetime64[s]"))

    def read(self, indices: ArrayLike | slice) -> Sequences:
        """Sequences by index, in the order asked for.

        Raises
        ------
        DatasetError
            A file is damaged or has vanished.
        """
        at = np.arange(len(self))[indices] if isinstance(indices, slice) else np.atleast_1d(np.asarray(indices))
        if at.dtype == bool:
            at = np.flatnonzero(at)
        chips = np.empty((len(at), *self.shape), np.float32)
        for chip, index in zip(chips, at.tolist(), strict=True):
            self._read_chips(index, chip)
        values: dict[str, Any] = {name: table[at] for name, table in self.tables.items() if name != "days_since_last"}
        values.update(
            chips=chips,
            times=values["times"].astype("datetime64[s]"),
            stack=self.stack[at],
            band=self.band[at],
            split=np.array(SPLITS)[values["split"]],
            covariates=self.covariates(at),
            covariate_names=self.record.covariates,
        )
        return Sequences(**values)

    def batches(
        self,
        split: str | None = "train",
        size: int = 32,
        seed: int | None = 0,
        *,
        band: str | None = None,
        threads: int = 2,
        drop_last: bool = False,
    ) -> Iterator[Sequences]:
        """All sequences of a split once, in batches that are read ahead.

        Parameters
        ----------
        split : str, optional
            None for all sequences.
        size : int
            Sequences in a batch.
        seed : int, optional
            Of their order; another for every epoch. None keeps the order of the store.
        band : str, optional
            This band alone.
        threads : int
            That read ahead.
        drop_last : bool
            Leave out a last batch that is not full.

        Yields
        ------
        Sequences
        """
        order = self.select(split=split, band=band)
        if seed is not None:
            order = np.random.default_rng(seed).permutation(order)
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        if drop_last and batches and len(batches[-1]) < size:
            batches.pop()
        yield from prefetch(self.read, batches, threads=threads, ahead=2 * threads)

    def _read_chips(self, index: int, out: NDArray[np.float32]) -> None:
        """Fill ``out`` (T, C, C) with one sequence; NaN is missing."""
        # One sequence is one file, decoded here: zarr takes longer for its own bookkeeping than the disk.
        pixels = self._decoded("chips", index, self._dtype)
        if pixels is None:
            out[:] = 0
        else:
            np.copyto(out, pixels, casting="unsafe")
        if self._dtype.kind != "f" and self.tables["fill"][index].any():
            missing = self._decoded("missing", index, np.dtype(bool))
            if missing is not None:
                out[missing] = np.nan

    def _decoded(self, name: str, index: int, dtype: np.dtype[Any]) -> NDArray[Any] | None:
        """One chunk; None where it is not stored, for all is 0."""
        path = self.path / name / chunk_name(index)
        try:
            packed = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return np.frombuffer(blosc.decompress(packed), dtype).reshape(self.shape)
        except (ValueError, RuntimeError) as error:
            raise DatasetError(f"{path} is damaged; copy or build the dataset again.") from error
