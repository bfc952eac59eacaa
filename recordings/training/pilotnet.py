"""NVIDIA's PilotNet (Bojarski et al. 2016, arXiv 1604.07316, figure 4), with a ReLU after every layer but the last."""

import torch
from torch import nn

HEIGHT, WIDTH = 66, 200

# The graph's one output is the angle at the steering wheel divided by this, so that sharp bends come out near 1.
RADIANS_PER_UNIT = 0.5


class PilotNet(nn.Module):
    """YUV bytes as float32 [N, 3, 66, 200] in 0..255 → steering [N, 1] in units of RADIANS_PER_UNIT, left positive."""

    def __init__(self, width: float = 1) -> None:
        """`width` 0.5 has half the channels in every layer."""
        super().__init__()
        a, b, c, d = (int(width * channels) for channels in (24, 36, 48, 64))
        self.trunk = nn.Sequential(
            nn.Conv2d(3, a, 5, stride=2), nn.ReLU(),
            nn.Conv2d(a, b, 5, stride=2), nn.ReLU(),
            nn.Conv2d(b, c, 5, stride=2), nn.ReLU(),
            nn.Conv2d(c, d, 3), nn.ReLU(),
            nn.Conv2d(d, d, 3), nn.ReLU(),
        )
        e, f = (int(width * units) for units in (100, 50))
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(d * 1 * 18, e), nn.ReLU(),
            nn.Linear(e, f), nn.ReLU(),
            nn.Linear(f, 10), nn.ReLU(),
            nn.Linear(10, 1),
        )
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.trunk(image / 127.5 - 1.0))
