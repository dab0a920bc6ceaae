"""Ice between rock that stands still, in memory."""

from datetime import timedelta

import numpy as np

from napari_icenet.scenes.stack import SceneStack
from tests.tracking.glacier import START, shifted, texture

SIDE, MIDDLE = 384, 192


def flowing(speed, *, dates=6, noise=1.0):
    """A stack in which each column moves down by its own ``speed`` (px a date)."""
    rng = np.random.default_rng(3)
    rock, ice = texture(SIDE, 0), texture(SIDE, 1)
    columns = np.arange(SIDE)
    speeds = np.round(speed(columns), 1)
    frames = []
    for date in range(dates):
        frame = rock.copy()
        for one in np.unique(speeds[speeds != 0]):
            frame[:, speeds == one] = shifted(ice, date * one, 0)[:, speeds == one]
        frames.append(frame + noise * rng.normal(size=frame.shape))
    times = [START + timedelta(days=16 * i) for i in range(dates)]
    return SceneStack.from_array(np.array(frames, np.float32), times, name="ice")


def flowing_strip():
    """Ice 44 px wide that moves 6 px a date between rock that stands still."""
    return flowing(lambda column: np.where(abs(column - MIDDLE) < 22, 6.0, 0.0))
