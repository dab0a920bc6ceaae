"""SVG-LP: stochastic video generation with a learned prior (Denton & Fergus 2018), as the paper uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from napari_icenet.errors import UsageError
from napari_icenet.models.svg_lp.decoder import Decoder
from napari_icenet.models.svg_lp.encoder import Encoder
from napari_icenet.models.svg_lp.recurrent import FeaturePredictor, LatentDistribution, latent_shape
from napari_icenet.models.svg_lp.settings import SvgLpSettings

#: Standard deviation of fresh weights, and of the factors of the normalisations about 1.
_FRESH = 0.02


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Output of the network from a whole sequence.

    Attributes
    ----------
    frames : Tensor, (b, T − 1, C, C)
        Each frame but the first, from those before it and a z of its own; 0 to 1.
    divergence : Tensor, (b, T − 1)
        KL divergence of the posterior of z from its prior, summed over z, nats.
    """

    frames: Tensor
    divergence: Tensor


class SvgLp(nn.Module):
    """Predicts the next frame of a sequence, with a random part whose distribution is learned.

    The encoder turns frame i − 1 into features; z is drawn from the posterior, which has seen frame i, or from
    the prior, which has not; the predictor makes the features of frame i of both, and the decoder a picture,
    with skip connections from frame i − 1, or from the last observed frame where that comes first.

    Frames hold values from 0 to 1 with 0.5 for missing pixels. What the network makes of a sequence does not
    depend on others in the batch.
    """

    name: ClassVar[str] = "svg-lp"
    title: ClassVar[str] = "SVG-LP"
    settings_type: ClassVar[type[BaseModel]] = SvgLpSettings
    limits: ClassVar[tuple[str, ...]] = (
        "For chips of the side that it was trained on alone.",
        "No adversarial loss: the paper names one in its abstract and describes none.",
        "A mean over samples is smoother than ice.",
    )

    def __init__(self, settings: SvgLpSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or SvgLpSettings()
        self.encoder = Encoder(self.settings)
        self.decoder = Decoder(self.settings)
        self.predictor = FeaturePredictor(self.settings)
        self.posterior = LatentDistribution(self.settings)
        self.prior = LatentDistribution(self.settings)
        self.apply(_start)
        # A pixel's channels side by side is what most processors and all graphics cards are quickest with.
        for weights in self.parameters():
            if weights.ndim == 4:
                weights.data = weights.data.contiguous(memory_format=torch.channels_last)

    def forward(
        self, frames: Tensor, generator: torch.Generator | None = None, *, blind: float = 0.0
    ) -> Reconstruction:
        """Reconstruct a sequence whose frames are all shown, for training.

        Each frame is encoded once; those after the last observed one give no skip connections.

        Parameters
        ----------
        frames : Tensor, (b, T, C, C)
            T of at least 2.
        generator : torch.Generator, optional
            Of the noise in z, on any device; torch's own where there is none.
        blind : float
            Share of the sequences that are decoded without skip connections.

        Raises
        ------
        UsageError
            The frames have another shape.
        """
        batch, count = self._checked(frames, 2)
        pictures = _in_time(frames, self.settings.seen)
        skipping = min(count - 1, self.settings.past)
        first, skips = self.encoder(pictures[: skipping * batch])
        rest, _ = self.encoder(pictures[skipping * batch :])
        # Recurrent parts and divergence need the precision that autocast takes away, and cost little.
        features = _by_date(torch.cat([first, rest]), batch)
        with torch.autocast(features.device.type, enabled=False):
            posterior, _ = self.posterior(features[1:])
            prior, _ = self.prior(features[:-1])
            noise = _noise((count - 1, batch, *latent_shape(self.settings)), generator, features)
            predicted, _ = self.predictor(features[:-1], posterior.at(noise))
            divergence = posterior.divergence(prior).transpose(0, 1)
        skipped = self.decoder.skipped(skips)
        if blind > 0:
            seen = _drawn(torch.rand, (1, batch, 1, 1, 1), generator, features) >= blind
            skipped = [(share.view(-1, batch, *share.shape[1:]) * seen).flatten(0, 1) for share in skipped]
        made = [self.decoder(predicted[:skipping].flatten(0, 1), skipped)]
        if count - 1 > skipping:
            last = [share[-batch:] for share in skipped]
            made.append(self.decoder(predicted[skipping:].flatten(0, 1), last))
        return Reconstruction(_by_date(torch.cat(made), batch)[:, :, 0].transpose(0, 1), divergence)

    @torch.no_grad()
    def generate(
        self, frames: Tensor, steps: int = 2, samples: int = 1, generator: torch.Generator | None = None
    ) -> Tensor:
        """Predict the frames after those observed.

        The posterior warms the states on the observed frames; then z comes from the prior, and each prediction
        is fed back. The noise is the same for all sequences, so that each gets what it gets alone.

        Parameters
        ----------
        frames : Tensor, (b, n, C, C)
            Observed, oldest first.
        steps : int
            Frames to predict.
        samples : int
            Predictions of each sequence; they differ in z.
        generator : torch.Generator, optional
            Of the noise in z, on any device; torch's own where there is none.

        Returns
        -------
        Tensor, (b, samples, steps, C, C)
            0 to 1.

        Raises
        ------
        UsageError
            The frames have another shape, or nothing is asked for.
        """
        batch, count = self._checked(frames, 1)
        if steps < 1 or samples < 1:
            raise UsageError(f"{samples} samples of {steps} steps hold no prediction; ask for 1 or more of both.")
        pictures = _in_time(frames, self.settings.seen)
        encoded, skips = self.encoder(pictures)
        skipped = self.decoder.skipped([skip[-batch:] for skip in skips])
        features = _by_date(encoded, batch)
        shape = latent_shape(self.settings)
        noise = _noise((count - 1 + steps, samples, 1, *shape), generator, features)
        noise = noise.expand(-1, -1, batch, *shape).flatten(1, 2)

        prior_state = predictor_state = None
        if count > 1:
            posterior, _ = self.posterior(features[1:])
            _, prior_state = self.prior(features[:-1])
            latent = _repeated(posterior.mean, samples) + noise[: count - 1] * torch.exp(
                0.5 * _repeated(posterior.log_variance, samples)
            )
            _, predictor_state = self.predictor(_repeated(features[:-1], samples), latent)
            prior_state = _repeated(prior_state[0], samples), _repeated(prior_state[1], samples)
        now, made = _repeated(features[-1:], samples), []
        beside = pictures[-batch:].repeat(samples, 1, 1, 1)
        for step in range(steps):
            prior, prior_state = self.prior(now, prior_state)
            latent = prior.at(noise[count - 1 + step][None])
            predicted, predictor_state = self.predictor(now, latent, predictor_state)
            made.append(self.decoder(predicted[0], skipped))
            if step + 1 < steps:
                beside = torch.cat([beside[:, 1:], made[-1].float()], 1)
                now = self.encoder(beside)[0][None]
        return torch.stack(made, 2).view(samples, batch, steps, *frames.shape[2:]).transpose(0, 1)

    def _checked(self, frames: Tensor, least: int) -> tuple[int, int]:
        """Sequences in the batch, and frames of each."""
        chip = self.settings.chip
        if frames.ndim != 4 or frames.shape[2:] != (chip, chip) or frames.shape[1] < least or not len(frames):
            raise UsageError(
                f"frames of shape {tuple(frames.shape)} do not fit this SVG-LP network; "
                f"hand over (b, n, {chip}, {chip}) with n of at least {least}."
            )
        return frames.shape[0], frames.shape[1]


def _in_time(frames: Tensor, seen: int) -> Tensor:
    """Frames (b, T, C, C) beside those before them, (T·b, seen, C, C): what belongs to one date lies together.

    Before the first frame there is the first again.
    """
    count = frames.shape[1]
    padded = torch.cat([frames[:, :1].expand(-1, seen - 1, -1, -1), frames], 1)
    beside = torch.stack([padded[:, k : k + count] for k in range(seen)], 2)
    return beside.transpose(0, 1).flatten(0, 1)


def _by_date(values: Tensor, batch: int) -> Tensor:
    """Values (T·b, …) as (T, b, …) in float32."""
    return values.float().view(-1, batch, *values.shape[1:])


def _noise(shape: tuple[int, ...], generator: torch.Generator | None, like: Tensor) -> Tensor:
    return _drawn(torch.randn, shape, generator, like)


def _drawn(
    draw: Callable[..., Tensor], shape: tuple[int, ...], generator: torch.Generator | None, like: Tensor
) -> Tensor:
    device = like.device if generator is None else generator.device
    return draw(shape, generator=generator, device=device).to(like.device)


def _repeated(sequence: Tensor, samples: int) -> Tensor:
    """A sequence (T, b, …) for each sample: (T, samples·b, …)."""
    shape = sequence.shape
    return sequence[:, None].expand(-1, samples, *shape[1:]).flatten(1, 2)


def _start(module: nn.Module) -> None:
    """Fresh weights as in the authors' code; LSTMs keep torch's own."""
    if any(weight.is_meta for weight in module.parameters(recurse=False)):
        # They hold no values; to draw some, torch would load its compiler, which takes seconds.
        return
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0, _FRESH)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.GroupNorm):
        nn.init.normal_(module.weight, 1, _FRESH)
        nn.init.zeros_(module.bias)
