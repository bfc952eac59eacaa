"""Trains the road network on a rendered set: `train_road.py --set DIR --validation DIR -o WEIGHTS.pt`."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import road_network
from augment import augment, mirror
from measures import intersection_over_union
from scenes import ROAD_VIEW, load
from training import AveragedWeights, choose_device, has_bfloat16, learning_rate


def as_images(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """uint8 [N, H, W, 3] → float32 [N, 3, 72, 128] in 0..255, each pixel the mean of the area that it covers."""
    pictures = torch.tensor(images, device=device).permute(0, 3, 1, 2).float().contiguous()
    return shrink(pictures)


def as_masks(masks: np.ndarray, device: torch.device) -> torch.Tensor:
    """[N, H, W], not 0 on the road → float32 [N, 1, 72, 128], the share of each pixel that is road."""
    return shrink(torch.tensor(masks, device=device).ne(0).float()[:, None])


def shrink(pictures: torch.Tensor) -> torch.Tensor:
    size = (road_network.HEIGHT, road_network.WIDTH)
    return functional.interpolate(pictures, size, mode="bilinear", antialias=True)


@torch.no_grad()
def predict(network: road_network.RoadNetwork, images: np.ndarray, device: torch.device) -> np.ndarray:
    """bool [N, 72, 128]: where the network sees road in uint8 RGB images [N, H, W, 3]."""
    parts = [(network(as_images(images[start:start + 128], device) / 255)[:, 0] > 0).cpu().numpy()
             for start in range(0, len(images), 128)]
    return np.concatenate(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    shuffle = np.random.default_rng(options.seed)
    device = choose_device(options.device)
    half = has_bfloat16(device)
    scenes = load(options.set, ROAD_VIEW)
    validation = load(options.validation, ROAD_VIEW)
    actual = (as_masks(validation.masks, torch.device("cpu")) >= 0.5)[:, 0].numpy()

    network = road_network.RoadNetwork().to(device, memory_format=torch.channels_last)
    averaged = AveragedWeights(network)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    steps_per_epoch = len(scenes.images) // options.batch
    steps = steps_per_epoch * options.epochs
    print(f"{len(scenes.images)} samples, {steps} steps on {device}, {'bfloat16' if half else 'float32'}", flush=True)

    step, start = 0, time.monotonic()
    for epoch in range(options.epochs):
        order = shuffle.permutation(len(scenes.images))
        total = 0.0
        for index in range(steps_per_epoch):
            chosen = np.sort(order[index * options.batch:(index + 1) * options.batch])
            flipped = torch.rand(len(chosen), device=device) < 0.5
            batch = augment(mirror(as_images(scenes.images[chosen], device), flipped)) / 255
            target = mirror(as_masks(scenes.masks[chosen], device), flipped)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, steps, options.learning_rate)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits = network(batch.contiguous(memory_format=torch.channels_last))
            loss = functional.binary_cross_entropy_with_logits(logits.float(), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update(network)
            total += loss.item()
            step += 1
        iou = intersection_over_union(predict(averaged.network, validation.images, device), actual)
        print(f"epoch {epoch + 1}: loss {total / steps_per_epoch:.5f}, validation IoU {iou:.4f}, "
              f"{time.monotonic() - start:.0f} s", flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    torch.save(averaged.network.cpu().state_dict(), options.output)


if __name__ == "__main__":
    main()
