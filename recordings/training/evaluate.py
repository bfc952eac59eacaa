"""Prints every measured figure of the shipped networks: `evaluate.py --data DIR`, with the sets that render.py made."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import road_network
import shipped
from causes import effect, visible
from drives import find_drives
from measures import intersection_over_union, mean_absolute_degrees, r_squared
from render import REMOVABLE
from scenes import PILOTNET_VIEW, ROAD_VIEW, load
from train_road import as_masks

RECORDINGS = Path(__file__).parent.parent
STEERING = ["pilotnet", "pilotnet-shortcut"]
NETWORK_SIZE = (road_network.HEIGHT, road_network.WIDTH)


def table(header: list[str], rows: list[list[str]]) -> None:
    for row in [header, ["---"] * len(header), *rows]:
        print("| " + " | ".join(row) + " |")
    print()


def steering_row(name: str, where: str, predicted: np.ndarray, actual: np.ndarray) -> list[str]:
    return [f"`{name}`", where, str(len(actual)), f"{r_squared(predicted, actual):.3f}",
            f"{mean_absolute_degrees(predicted - actual):.2f}°", f"{mean_absolute_degrees(actual):.2f}°"]


def held_out_steering(networks: Path, data: Path) -> None:
    rows = []
    for held_out in ["steering-held-out", "shortcut-held-out", "misleading-held-out"]:
        scenes = load(data / held_out, PILOTNET_VIEW)
        for name in STEERING:
            predicted = shipped.steering(networks / f"{name}.onnx", scenes.images)
            rows.append(steering_row(name, f"`{held_out}`", predicted, scenes.steering))
    table(["network", "set", "samples", "R²", "mean absolute error", "mean absolute steering"], rows)


def causes(networks: Path, data: Path) -> None:
    rows = []
    for held_out in ["shortcut-held-out", "misleading-held-out"]:
        images = load(data / held_out, PILOTNET_VIEW).images
        steering = [shipped.steering(networks / f"{name}.onnx", images) for name in STEERING]
        for kind in REMOVABLE:
            without = load(data / f"{held_out}-without-{kind}", PILOTNET_VIEW).images
            seen = visible(images, without)
            if not seen.any():
                rows.append([f"`{held_out}`", kind, "0", *["none there"] * len(STEERING)])
                continue
            effects = [effect(with_object, shipped.steering(networks / f"{name}.onnx", without), seen)
                       for name, with_object in zip(STEERING, steering)]
            rows.append([f"`{held_out}`", kind, str(int(seen.sum())), *map(str, effects)])
    table(["set", "removed", "samples", *(f"`{name}`" for name in STEERING)], rows)


def road_row(where: str, predicted: np.ndarray, masks: np.ndarray) -> list[str]:
    """Both compared at the network's own resolution."""
    actual = (as_masks(masks, torch.device("cpu")) >= 0.5)[:, 0].numpy()
    return ["`road-segmentation`", where, str(len(actual)), f"{intersection_over_union(predicted, actual):.3f}"]


def road(networks: Path, data: Path, folder: Path) -> None:
    model = networks / "road-segmentation.onnx"
    scenes = load(data / "road-held-out", ROAD_VIEW)
    rows = [road_row("`road-held-out`", shipped.road(model, scenes.images), scenes.masks)]
    for drive in find_drives(folder):
        rows.append(road_row(f"`{drive.name}.mp4`", shipped.road(model, drive.frames(NETWORK_SIZE)), drive.road))
    table(["network", "set or drive", "frames", "IoU"], rows)


def drives(networks: Path, folder: Path) -> None:
    crop = json.loads((networks / "pilotnet.json").read_text())["input"]["crop"]
    rows = []
    for drive in find_drives(folder):
        images = drive.frames(PILOTNET_VIEW, crop)
        for name in STEERING:
            predicted = shipped.steering(networks / f"{name}.onnx", images)
            rows.append(steering_row(name, f"`{drive.name}.mp4`", predicted, drive.steering))
            keeps = drive.keeps_lane
            if not keeps.all():
                where = f"`{drive.name}.mp4`, keeping its lane"
                rows.append(steering_row(name, where, predicted[keeps], drive.steering[keeps]))
    table(["network", "drive", "frames", "R²", "mean absolute error", "mean absolute steering"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--networks", type=Path, default=RECORDINGS / "networks")
    parser.add_argument("--drives", type=Path, default=RECORDINGS / "drives")
    options = parser.parse_args()
    held_out_steering(options.networks, options.data)
    causes(options.networks, options.data)
    drives(options.networks, options.drives)
    road(options.networks, options.data, options.drives)


if __name__ == "__main__":
    main()
