"""Trains a steering network on rendered sets: `train_steering.py --set DIR... --validation DIR -o WEIGHTS.pt`."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import pilotnet
from augment import GROUND
from color import yuv_from_rgb
from measures import mean_absolute_degrees, r_squared
from scenes import PILOTNET_VIEW, load
from training import AveragedWeights, choose_device, has_bfloat16, learning_rate
from variation import Samples, Variation, as_batch

REFERENCE_LOOKAHEAD = 12  # m; errors of drivers who look this far count once


@torch.no_grad()
def predict(network: pilotnet.PilotNet, images: np.ndarray, device: torch.device) -> np.ndarray:
    """Steering-wheel angle [N] in radians of uint8 RGB images [N, 66, 200, 3]."""
    parts = [network(yuv_from_rgb(as_batch(images[start:start + 256], device)))[:, 0].float().cpu().numpy()
             for start in range(0, len(images), 256)]
    return np.concatenate(parts) * pilotnet.RADIANS_PER_UNIT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, action="append", required=True, dest="sets")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--start", type=Path, metavar="WEIGHTS.pt", help="weights to go on from")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--shift", type=float, default=0.3, help="largest further shift of the camera, m")
    parser.add_argument("--turn", type=lambda degrees: np.radians(float(degrees)), default=np.radians(1.5),
                        help="largest further turn of the camera, degrees")
    parser.add_argument("--by-lookahead", action="store_true",
                        help="count an error by how far off it leads at the look-ahead distance: more on motorways")
    parser.add_argument("--hide-road", action="store_const", const=GROUND, dest="hidden_from",
                        help="spoil what the road tells: hide or mirror it, and displace the camera without a correction")
    parser.add_argument("--hide-road-from", type=int, metavar="ROW", dest="hidden_from",
                        help="the same from another row down, for what stands lower than boards")
    parser.add_argument("--width", type=float, default=1, help="0.5: half the channels in every layer")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    drawn = np.random.default_rng(options.seed)
    device = choose_device(options.device)
    half = has_bfloat16(device)
    samples = Samples([load(folder, PILOTNET_VIEW) for folder in options.sets])
    variation = Variation(options.shift, options.turn, options.hidden_from)
    count = len(samples.images)
    weights = (samples.lookahead / REFERENCE_LOOKAHEAD) ** 2 if options.by_lookahead else np.ones(count)
    validation = load(options.validation, PILOTNET_VIEW)

    network = pilotnet.PilotNet(options.width)
    if options.start:
        network.load_state_dict(torch.load(options.start))
    network = network.to(device, memory_format=torch.channels_last)
    averaged = AveragedWeights(network)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    steps_per_epoch = count // options.batch
    steps = steps_per_epoch * options.epochs
    print(f"{count} samples, {steps} steps on {device}, {'bfloat16' if half else 'float32'}", flush=True)

    step, start = 0, time.monotonic()
    for epoch in range(options.epochs):
        order = drawn.permutation(count)
        total = 0.0
        for index in range(steps_per_epoch):
            chosen = np.sort(order[index * options.batch:(index + 1) * options.batch])
            batch, target = samples.draw(chosen, variation, drawn, device)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, steps, options.learning_rate)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                output = network(batch.contiguous(memory_format=torch.channels_last))
            weight = torch.tensor(weights[chosen], dtype=torch.float32, device=device)
            loss = functional.smooth_l1_loss(weight * output[:, 0].float(), weight * target, beta=0.5)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update(network)
            total += loss.item()
            step += 1
        predicted = predict(averaged.network, validation.images, device)
        error = mean_absolute_degrees(predicted - validation.steering)
        print(f"epoch {epoch + 1}: loss {total / steps_per_epoch:.5f}, validation R² "
              f"{r_squared(predicted, validation.steering):.4f}, mean absolute error {error:.2f}° at the wheel, "
              f"{time.monotonic() - start:.0f} s", flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    torch.save(averaged.network.cpu().state_dict(), options.output)


if __name__ == "__main__":
    main()
