"""Reads the sets that the scene generator renders: raw images, raw masks and one line of JSON per sample."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PILOTNET_VIEW = (66, 200)  # rows and columns of the pilotnet view, already cropped
ROAD_VIEW = (90, 160)  # of the road view, the whole frame

LOOKAHEAD = {"country": 12, "motorway": 22, "city": 10}  # m, of the scene generator's drivers


@dataclass(frozen=True)
class Scenes:
    images: np.ndarray  # uint8 RGB [N, H, W, 3]
    labels: list[dict]  # one per image
    masks: np.ndarray | None = None  # uint8 [N, H, W], 1 where the road is; the road view only

    @property
    def steering(self) -> np.ndarray:
        """[N] float32: radians at the steering wheel, left positive, already corrected for the camera's shift and turn."""
        return np.array([label["steering"] for label in self.labels], np.float32)

    @property
    def curvature(self) -> np.ndarray:
        """[N], 1/m: the same steering as the curvature of the arc that it drives."""
        return np.array([label["curvature"] for label in self.labels])

    @property
    def lookahead(self) -> np.ndarray:
        """[N], m: how far ahead the driver of each sample aims."""
        return np.array([LOOKAHEAD[label["setting"]] for label in self.labels], float)


def steering_from_curvature(curvature: np.ndarray) -> np.ndarray:
    """Radians at the wheel of the scene generator's car: 2.7 m between the axles, steering ratio 15."""
    return 15 * np.arctan(2.7 * curvature)


def load(folder: Path, size: tuple[int, int]) -> Scenes:
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    images = np.memmap(folder / "images.bin", np.uint8, "r", shape=(len(labels), *size, 3))
    mask_file = folder / "masks.bin"
    masks = np.memmap(mask_file, np.uint8, "r", shape=(len(labels), *size)) if mask_file.exists() else None
    return Scenes(images, labels, masks)
