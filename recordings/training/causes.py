"""What moves a network's steering: the same frames rendered with and without one kind of object."""

from dataclasses import dataclass

import numpy as np

# An object counts as visible where leaving it out changes at least this many of the 13 200 pixels by more than this many levels.
PIXELS, LEVELS = 20, 8


@dataclass(frozen=True)
class Effect:
    samples: int  # on which the object is visible
    change: float  # mean |Δ steering|, radians at the wheel
    share: float  # of the mean |steering| with the object there

    def __str__(self) -> str:
        return f"{np.degrees(self.change):.2f}° ({100 * self.share:.0f} %)"


def visible(images: np.ndarray, without: np.ndarray) -> np.ndarray:
    """bool [N]: where two renderings [N, H, W, 3] of the same frames show the object."""
    changed = [(np.abs(a.astype(np.int16) - b).max(-1) > LEVELS).sum() for a, b in zip(images, without)]
    return np.array(changed) >= PIXELS


def effect(steering: np.ndarray, without: np.ndarray, seen: np.ndarray) -> Effect:
    """Of the steering [N] of one network on both renderings, over the samples where the object is seen."""
    change = float(np.abs(steering - without)[seen].mean())
    return Effect(int(seen.sum()), change, change / float(np.abs(steering[seen]).mean()))
