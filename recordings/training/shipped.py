"""The shipped networks on uint8 RGB images, as their sidecars say that they are fed and read."""

import json
from pathlib import Path

import numpy as np
import torch

import onnx_runtime
import pilotnet
import road_network
from color import yuv_from_rgb
from train_road import shrink

BATCH = 128


def parts(images: np.ndarray):
    for start in range(0, len(images), BATCH):
        yield torch.tensor(images[start:start + BATCH]).permute(0, 3, 1, 2).float()


def steering(model: Path, images: np.ndarray) -> np.ndarray:
    """Steering-wheel angle [N] in radians, left positive, of images [N, 66, 200, 3]."""
    sidecar = json.loads(model.with_suffix(".json").read_text())
    batches = (yuv_from_rgb(part).numpy() for part in parts(images))
    return onnx_runtime.run(model, batches, (3, pilotnet.HEIGHT, pilotnet.WIDTH)) * sidecar["output"]["scale"]


def road(model: Path, images: np.ndarray) -> np.ndarray:
    """bool [N, 72, 128]: the road in images [N, H, W, 3] of the whole frame, of any size."""
    sidecar = json.loads(model.with_suffix(".json").read_text())
    batches = ((shrink(part) * sidecar["input"]["scale"]).numpy() for part in parts(images))
    shape = (3, road_network.HEIGHT, road_network.WIDTH)
    return onnx_runtime.run(model, batches, shape).reshape(-1, *shape[1:]) >= sidecar["output"]["threshold"]
