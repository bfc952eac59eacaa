"""A small encoder-decoder with skip connections (after U-Net, Ronneberger et al. 2015) that marks the road."""

import torch
from torch import nn

# 16:9 like the frames, and divisible by 8, so that every upscaling is exactly a doubling.
HEIGHT, WIDTH = 72, 128


def conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation), nn.ReLU())


class RoadNetwork(nn.Module):
    """RGB [N, 3, 72, 128] in 0..1 → logits [N, 1, 72, 128]; the exported graph ends in a sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self.down_half = nn.Sequential(conv(3, 16, stride=2), conv(16, 16))
        self.down_quarter = nn.Sequential(conv(16, 32, stride=2), conv(32, 32))
        self.down_eighth = nn.Sequential(
            conv(32, 48, stride=2), conv(48, 48, dilation=2), conv(48, 48, dilation=4), conv(48, 32))
        self.upscale = nn.Upsample(scale_factor=2, mode="nearest")
        self.merge_quarter = nn.Sequential(conv(64, 32), conv(32, 16))
        self.merge_half = conv(32, 16)
        self.up_full = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        half = self.down_half(image)
        quarter = self.down_quarter(half)
        eighth = self.down_eighth(quarter)
        quarter = self.merge_quarter(torch.cat([self.upscale(eighth), quarter], 1))
        half = self.merge_half(torch.cat([self.upscale(quarter), half], 1))
        return self.up_full(half)
