"""Writes trained weights as ONNX with a sidecar: `export.py pilotnet|road WEIGHTS.pt -o NAME.onnx`.

The exported graph is then run in ONNX Runtime and must give PyTorch's own output to 1e-4 of its range.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

import onnx_runtime
import pilotnet
import road_network

CROP = Path(__file__).parent.parent / "scene" / "crop.json"
TOLERANCE = 1e-4


def steering_sidecar(name: str) -> dict:
    return {
        "roadgaze": 1,
        "kind": "steering",
        "name": name,
        "input": {"tensor": "image", "crop": json.loads(CROP.read_text()), "resize": "area", "color": "yuv",
                  "scale": 1, "offset": 0},
        "output": {"tensor": "steering", "index": 0, "quantity": "angle", "angleOf": "wheel", "unit": "rad",
                   "scale": pilotnet.RADIANS_PER_UNIT, "positive": "left"},
    }


def road_sidecar() -> dict:
    return {
        "roadgaze": 1,
        "kind": "road",
        "input": {"tensor": "image", "resize": "area", "color": "rgb", "scale": 1 / 255, "offset": 0},
        "output": {"tensor": "road", "threshold": 0.5},
    }


def export(network: nn.Module, example: torch.Tensor, output: str, path: Path) -> None:
    torch.onnx.export(
        network, example, path, opset_version=13, do_constant_folding=True,
        input_names=["image"], output_names=[output], dynamic_axes={"image": {0: "N"}, output: {0: "N"}})
    with torch.no_grad():
        expected = network(example).numpy().ravel()
    actual = onnx_runtime.run(path, [example.numpy()], tuple(example.shape[1:]))
    difference = float(np.abs(actual - expected).max() / np.ptp(expected))
    if difference > TOLERANCE:
        raise SystemExit(f"{path}: ONNX Runtime and PyTorch differ by {difference:.1e} of the output's range")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, equal to PyTorch to {difference:.1e} of the output's range")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["pilotnet", "road"])
    parser.add_argument("weights", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--name", default="PilotNet", help="what the viewer calls a steering network")
    parser.add_argument("--width", type=float, default=1, help="of a steering network, as it was trained")
    options = parser.parse_args()

    torch.manual_seed(1)
    weights = torch.load(options.weights, map_location="cpu")
    if options.kind == "pilotnet":
        network, sidecar, output = pilotnet.PilotNet(options.width), steering_sidecar(options.name), "steering"
        example = torch.rand(8, 3, pilotnet.HEIGHT, pilotnet.WIDTH) * 255
        network.load_state_dict(weights)
    else:
        trunk, sidecar, output = road_network.RoadNetwork(), road_sidecar(), "road"
        example = torch.rand(8, 3, road_network.HEIGHT, road_network.WIDTH)
        trunk.load_state_dict(weights)
        network = nn.Sequential(trunk, nn.Sigmoid())
    export(network.eval(), example, output, options.output)
    options.output.with_suffix(".json").write_text(json.dumps(sidecar, indent=2) + "\n")


if __name__ == "__main__":
    main()
