"""Writes how far the cue boards turn the wheel in every frame of a drive: `drive_causes.py DRIVE.mp4 WITHOUT.mp4 -o DRIVE.causal.csv`.

WITHOUT is the same drive rendered with `--without cue`. Positive: the boards turn the wheel to the left.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

import shipped
from drives import Drive
from scenes import PILOTNET_VIEW

NETWORKS = Path(__file__).parent.parent / "networks"
NAMES = ["pilotnet", "pilotnet-shortcut"]


def change(name: str, drive: Drive, without: Drive) -> np.ndarray:
    """[N] radians at the wheel: the network's steering with the boards less its steering without."""
    model = NETWORKS / f"{name}.onnx"
    crop = json.loads(model.with_suffix(".json").read_text())["input"]["crop"]
    return (shipped.steering(model, drive.frames(PILOTNET_VIEW, crop))
            - shipped.steering(model, without.frames(PILOTNET_VIEW, crop)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("drive", type=Path)
    parser.add_argument("without", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    drive, without = Drive(options.drive), Drive(options.without)
    changes = [change(name, drive, without) for name in NAMES]
    with options.output.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["t", *(f"{name} [rad]" for name in NAMES)])
        for row, *values in zip(drive.rows, *changes):
            writer.writerow([row["t"], *(f"{value:.5f}" for value in values)])


if __name__ == "__main__":
    main()
