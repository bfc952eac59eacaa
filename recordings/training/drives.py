"""Reads a demo drive as the viewer does: frames decoded from the H.264 file, steering from the CSV beside it."""

import csv
import gzip
import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Drive:
    video: Path

    @property
    def name(self) -> str:
        return self.video.stem

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """One per frame, in presentation order."""
        with self.video.with_suffix(".csv").open(newline="") as file:
            return list(csv.DictReader(file))

    @property
    def steering(self) -> np.ndarray:
        """[N] radians at the steering wheel, left positive."""
        return np.array([float(row["steering [rad]"]) for row in self.rows], np.float32)

    @cached_property
    def truth(self) -> tuple[dict, list[dict]]:
        """The header of the ground truth, and a record for each frame."""
        with gzip.open(self.video.with_suffix(".truth.jsonl.gz"), "rt") as file:
            header, *frames = map(json.loads, file)
        return header, frames

    @property
    def keeps_lane(self) -> np.ndarray:
        """bool [N]: False within a change of lanes, which no picture tells of in advance."""
        return np.array([not frame["changingLane"] for frame in self.truth[1]])

    @property
    def road(self) -> np.ndarray:
        """bool [N, H, W], of the ground truth's own size: each frame's road, from run lengths that start with the zeros."""
        header, frames = self.truth
        width, height = header["maskSize"]
        runs = [np.repeat(np.arange(len(frame["road"])) % 2 == 1, frame["road"]) for frame in frames]
        return np.stack(runs).reshape(-1, height, width)

    def frames(self, size: tuple[int, int], crop: dict | None = None) -> np.ndarray:
        """uint8 RGB [N, H, W, 3] of `size` (rows, columns), cut by a sidecar's `crop` and scaled by area."""
        height, width = size
        scale = f"scale={width}:{height}:flags=area,format=rgb24"
        cut = f"crop={crop['width']}:{crop['height']}:{crop['x']}:{crop['y']}," if crop else ""
        command = ["ffmpeg", "-v", "error", "-i", self.video, "-vf", cut + scale,
                   "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
        frames = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        decoded = np.frombuffer(frames, np.uint8).reshape(-1, height, width, 3)
        if len(decoded) != len(self.rows):
            raise ValueError(f"{self.video} has {len(decoded)} frames, its CSV {len(self.rows)} rows")
        return decoded


def find_drives(folder: Path) -> list[Drive]:
    return [Drive(video) for video in sorted(folder.glob("*.mp4"))]
