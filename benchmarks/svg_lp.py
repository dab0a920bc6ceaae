"""A training step of SVG-LP beside the same written frame by frame, and how long predictions take.

    python benchmarks/svg_lp.py [--channels 32] [--batch 8] [--rounds 5] [--threads 2] [--inference-only]

``frame by frame`` is the step as it is usually written: every frame encoded twice (as the last one and as the
next one), LSTM cells, batch normalisation, maps laid together before each transposed convolution, fp32. Both take
turns, on the same frames, in the same process, and keep freed memory as a training run does. Where other work
runs on the machine, the processor time of all threads together is the fairer figure.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import torch
from machine import machine
from torch import Tensor, nn

from napari_icenet.models.precision import arithmetic, network_type
from napari_icenet.models.svg_lp.network import SvgLp
from napari_icenet.models.svg_lp.settings import SvgLpSettings
from napari_icenet.training.loop.memory import keep_freed_memory

DATES, SIDE, BETA = 12, 128, 1e-6


class Recurrent(nn.Module):
    """LSTM cells between two linear layers, called once a date."""

    def __init__(self, inputs: int, outputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, hidden)
        self.cells = nn.ModuleList(nn.LSTMCell(hidden, hidden) for _ in range(layers))
        self.leave = nn.Linear(hidden, outputs)
        self.state: list[tuple[Tensor, Tensor] | None] = [None] * layers

    def forward(self, inputs: Tensor) -> Tensor:
        """One date's output; the state is kept."""
        out = self.enter(inputs)
        for k, cell in enumerate(self.cells):
            self.state[k] = hidden = cell(out, self.state[k])
            out = hidden[0]
        made: Tensor = self.leave(out)
        return made


class FrameByFrame(nn.Module):
    """The same network as a loop over dates."""

    def __init__(self, settings: SvgLpSettings) -> None:
        super().__init__()
        self.settings = settings
        widths, h, z = settings.widths, settings.features, settings.latent
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2))
            for a, b in zip((1, *widths), widths, strict=False)
        )
        self.head = nn.Sequential(nn.Conv2d(widths[-1], h, 4), nn.BatchNorm2d(h), nn.Tanh())
        up = widths[::-1]
        self.enter = nn.Sequential(nn.ConvTranspose2d(h, up[0], 4), nn.BatchNorm2d(up[0]), nn.LeakyReLU(0.2))
        self.up = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose2d(2 * a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2))
            for a, b in pairwise(up)
        )
        self.last = nn.Sequential(nn.ConvTranspose2d(2 * up[-1], 1, 4, 2, 1), nn.Sigmoid())
        parts = settings.hidden, settings.layers
        self.predictor = Recurrent(h + z, h, *parts)
        self.posterior, self.prior = Recurrent(h, 2 * z, *parts), Recurrent(h, 2 * z, *parts)

    def encoded(self, frame: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Features of one date's frames, and their maps."""
        skips = []
        for layer in self.down:
            frame = layer(frame)
            skips.append(frame)
        return self.head(frame).flatten(1), skips

    def decoded(self, features: Tensor, skips: list[Tensor]) -> Tensor:
        """One date's frames."""
        maps = self.enter(features[:, :, None, None])
        for layer, skip in zip([*self.up, self.last], reversed(skips), strict=True):
            maps = layer(torch.cat([maps, skip], 1))
        return maps

    def loss(self, frames: Tensor) -> Tensor:
        """Of whole sequences, date after date."""
        for part in (self.predictor, self.posterior, self.prior):
            part.state = [None] * len(part.state)
        total, skips = frames.new_zeros(()), []
        for i in range(1, frames.shape[1]):
            h, maps = self.encoded(frames[:, i - 1, None])
            skips = maps if i <= self.settings.past else skips
            after, _ = self.encoded(frames[:, i, None])
            mean, log_variance = self.posterior(after).chunk(2, 1)
            prior_mean, prior_log_variance = self.prior(h).chunk(2, 1)
            z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
            made = self.decoded(torch.tanh(self.predictor(torch.cat([h, z], 1))), skips)
            difference = log_variance - prior_log_variance
            distance = (mean - prior_mean).square() * torch.exp(-prior_log_variance)
            kl = 0.5 * (torch.exp(difference) + distance - 1 - difference).sum(1).mean()
            total = total + (made[:, 0] - frames[:, i]).square().mean() + BETA * kl
        return total


def timed(call: Callable[[], object]) -> tuple[float, float]:
    start, busy = time.perf_counter(), time.process_time()
    call()
    return 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - busy)


def report(name: str, times: list[tuple[float, float]]) -> None:
    wall, cpu = zip(*times, strict=True)
    print(
        f"{name:44s} wall: best {min(wall):7.0f}  median {statistics.median(wall):7.0f} ms"
        f"   processor: best {min(cpu):7.0f}  median {statistics.median(cpu):7.0f} ms"
    )


def train(settings: SvgLpSettings, batch: int, rounds: int) -> None:
    frames = torch.rand(batch, DATES, SIDE, SIDE)
    plain, ours = FrameByFrame(settings), SvgLp(settings)
    kind = network_type("auto", torch.device("cpu"))
    steppers = [torch.optim.Adam(network.parameters(), 1e-4) for network in (plain, ours)]

    def ours_loss() -> Tensor:
        with arithmetic(torch.device("cpu"), kind):
            made = ours(frames)
        return (made.frames.float() - frames[:, 1:]).square().mean() + BETA * made.divergence.mean()

    def step(stepper: torch.optim.Adam, loss: Callable[[], Tensor]) -> None:
        stepper.zero_grad()
        loss().backward()
        stepper.step()

    times: list[list[tuple[float, float]]] = [[], []]
    losses = [lambda: plain.loss(frames), ours_loss]
    for round_ in range(rounds + 1):
        for k, (stepper, loss) in enumerate(zip(steppers, losses, strict=True)):
            took = timed(lambda stepper=stepper, loss=loss: step(stepper, loss))  # type: ignore[misc]
            if round_:
                times[k].append(took)
    report(f"step, frame by frame, fp32, batch {batch}", times[0])
    report(f"step, ours, {str(kind).removeprefix('torch.')}, batch {batch}", times[1])
    ratio = [min(t[k] for t in times[0]) / min(t[k] for t in times[1]) for k in (0, 1)]
    print(f"{'ratio of the best':44s} wall: {ratio[0]:.2f}   processor: {ratio[1]:.2f}")


def infer(settings: SvgLpSettings, rounds: int) -> None:
    network, device = SvgLp(settings).eval(), torch.device("cpu")
    frames = torch.rand(1, 8, SIDE, SIDE)
    for samples in (1, 16):

        def predict(samples: int = samples) -> None:
            with torch.inference_mode(), arithmetic(device, network_type("auto", device)):
                network.generate(frames, 2, samples)

        predict()
        report(f"8 → 2 frames, one chip, {samples} samples", [timed(predict) for _ in range(5 * rounds)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--inference-only", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.threads:
        torch.set_num_threads(options.threads)
    keep_freed_memory()
    settings = SvgLpSettings(channels=options.channels)
    print(machine())
    print(f"nf {options.channels}, {torch.get_num_threads()} threads")
    if not options.inference_only:
        train(settings, options.batch, options.rounds)
    infer(settings, options.rounds)


if __name__ == "__main__":
    main()
