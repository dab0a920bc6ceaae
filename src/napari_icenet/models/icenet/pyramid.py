"""Laplacian pyramids of chips: one picture as the sum of its scales, from fine to coarse."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Binomial weights along one axis: the usual smoothing before every second pixel is taken.
_BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)


def pyramid(pictures: Tensor, levels: int) -> list[Tensor]:
    """Scales of pictures, fine to coarse; their sum, each enlarged by :func:`enlarged`, is the picture.

    Parameters
    ----------
    pictures : Tensor, (n, c, H, W)
        H and W divisible by 2^(levels − 1).
    levels : int
        Scales; the last holds all that is coarser.

    Returns
    -------
    list of Tensor
        Level k has the size H/2ᵏ × W/2ᵏ.
    """
    scales = []
    for _ in range(levels - 1):
        smaller = reduced(pictures)
        scales.append(pictures - enlarged(smaller))
        pictures = smaller
    return [*scales, pictures]


def collapsed(scales: list[Tensor]) -> Tensor:
    """The picture that scales add up to: the inverse of :func:`pyramid`."""
    picture = scales[-1]
    for scale in reversed(scales[:-1]):
        picture = scale + enlarged(picture)
    return picture


def reduced(pictures: Tensor) -> Tensor:
    """Half the size: smoothed, then every second pixel (n, c, H/2, W/2)."""
    kernel = torch.tensor(_BINOMIAL, dtype=pictures.dtype, device=pictures.device) / 16
    channels = pictures.shape[1]
    padded = functional.pad(pictures, (2, 2, 2, 2), mode="reflect")
    along = functional.conv2d(padded, kernel.view(1, 1, 1, 5).expand(channels, 1, 1, 5), stride=(1, 2), groups=channels)
    return functional.conv2d(along, kernel.view(1, 1, 5, 1).expand(channels, 1, 5, 1), stride=(2, 1), groups=channels)


def enlarged(pictures: Tensor) -> Tensor:
    """Twice the size, bilinear (n, c, 2H, 2W)."""
    return functional.interpolate(pictures, scale_factor=2, mode="bilinear", align_corners=False)
