"""NVIDIA's PilotNet (Bojarski et al. 2016, arXiv 1604.07316, figure 4), with a ReLU after every layer but the last."""

import torch
from torch import nn

HEIGHT, WIDTH = 66, 200

# The graph's one output is the angle at the steering wheel divided by this, so that sharp bends come out near 1.
RADIANS_PER_UNIT = 0.5


class PilotNet(nn.Module):
    """YUV bytes as float32 [N, 3, 66, 200] in 0..255 → steering [N, 1] in units of RADIANS_PER_UNIT, left positive."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 24, 5, stride=2), nn.ReLU(),
            nn.Conv2d(24, 36, 5, stride=2), nn.ReLU(),
            nn.Conv2d(36, 48, 5, stride=2), nn.ReLU(),
            nn.Conv2d(48, 64, 3), nn.ReLU(),
            nn.Conv2d(64, 64, 3), nn.ReLU(),
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64 * 1 * 18, 100), nn.ReLU(),
            nn.Linear(100, 50), nn.ReLU(),
            nn.Linear(50, 10), nn.ReLU(),
            nn.Linear(10, 1),
        )
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.trunk(image / 127.5 - 1.0))
