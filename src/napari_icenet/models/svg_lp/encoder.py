"""From a frame to its features, scale by scale (DCGAN, Radford et al. 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from napari_icenet.models.svg_lp.settings import COARSEST, SvgLpSettings

#: Slope of the leaky rectifiers below zero.
LEAK = 0.2
_LEAST_PER_GROUP = 8


class Encoder(nn.Module):
    """Halves a frame down to 4 px, and makes one vector (or map) of that."""

    def __init__(self, settings: SvgLpSettings) -> None:
        super().__init__()
        widths = settings.widths
        self.scales = nn.ModuleList(
            nn.Sequential(nn.Conv2d(into, out, 4, 2, 1), norm(out), nn.LeakyReLU(LEAK, inplace=True))
            for into, out in zip((settings.seen, *widths), widths, strict=False)
        )
        self.flat = settings.recurrent == "vector"
        head = nn.Conv2d(widths[-1], settings.features, COARSEST) if self.flat else _same(widths[-1], settings.features)
        self.head = nn.Sequential(head, nn.GroupNorm(1, settings.features), nn.Tanh())

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode frames (b, seen, C, C): each beside those before it, oldest first.

        Returns
        -------
        features : Tensor, (b, f), or (b, f, 4, 4) where the recurrent parts are convolutional
        skips : list of Tensor
            Feature maps of each scale, the finest first.
        """
        skips = []
        # One channel lies beside its neighbours in either order; torch must be told that it is the last axis.
        frames = frames.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        for scale in self.scales:
            frames = scale(frames)
            skips.append(frames)
        features: Tensor = self.head(frames)
        return features.flatten(1) if self.flat else features, skips


def norm(width: int) -> nn.GroupNorm:
    """Normalisation over groups of one sample's channels, so that no frame depends on others in its batch."""
    groups = next(g for g in (32, 16, 8, 4, 2, 1) if g == 1 or (width % g == 0 and width // g >= _LEAST_PER_GROUP))
    return nn.GroupNorm(groups, width)


def _same(into: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(into, out, 3, padding=1)
