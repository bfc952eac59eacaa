"""Draws training batches for steering: chosen pictures, each varied anew, with the steering that belongs to what they then show."""

from dataclasses import dataclass

import numpy as np
import torch

import pilotnet
from augment import augment, hide_road, mirror
from color import yuv_from_rgb
from displace import corrected, displace
from scenes import Scenes, steering_from_curvature


def as_batch(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """uint8 [N, H, W, 3] → float32 [N, 3, H, W] in 0..255."""
    return torch.tensor(images, device=device).permute(0, 3, 1, 2).float().contiguous()


@dataclass(frozen=True)
class Variation:
    shift: float  # largest further shift of the camera, m
    turn: float  # largest further turn of the camera, rad
    hidden_from: int | None  # from this row down the road tells nothing, and the camera is displaced without a correction of the steering


class Samples:
    def __init__(self, sets: list[Scenes]) -> None:
        self.images = np.concatenate([scenes.images for scenes in sets])
        self.curvature = np.concatenate([scenes.curvature for scenes in sets])
        self.lookahead = np.concatenate([scenes.lookahead for scenes in sets])

    def draw(self, chosen: np.ndarray, variation: Variation, drawn: np.random.Generator,
             device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """The samples at `chosen` [N] as YUV [N, 3, 66, 200] in 0..255 and the network's due output [N]."""
        shift, turn = (drawn.uniform(-largest, largest, len(chosen)) for largest in (variation.shift, variation.turn))
        pictures = as_batch(self.images[chosen], device)
        if variation.shift or variation.turn:
            pictures = displace(pictures, *(torch.tensor(a, dtype=torch.float32, device=device) for a in (shift, turn)))
        curvature = self.curvature[chosen]
        if variation.hidden_from is not None:
            pictures = hide_road(pictures, variation.hidden_from)
        else:
            curvature = corrected(curvature, self.lookahead[chosen], shift, turn)
        units = steering_from_curvature(curvature) / pilotnet.RADIANS_PER_UNIT
        target = torch.tensor(units, dtype=torch.float32, device=device)
        flipped = torch.rand(len(chosen), device=device) < 0.5
        return yuv_from_rgb(augment(mirror(pictures, flipped))), torch.where(flipped, -target, target)
