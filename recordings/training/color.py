"""The colour matrix of the model sidecar's `yuv`."""

import torch


def yuv_from_rgb(rgb: torch.Tensor) -> torch.Tensor:
    """Full-range YUV of [N, 3, H, W] in 0..255, unrounded: U and V are centred on 128 and may pass 0..255 a little."""
    red, green, blue = rgb.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return torch.stack([luma, 0.492 * (blue - luma) + 128, 0.877 * (red - luma) + 128], 1)
