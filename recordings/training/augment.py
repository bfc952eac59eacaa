"""Changes of light, colour, sharpness and noise, and mirroring: what a camera and a video codec vary and the road does not."""

import torch
from torch.nn import functional


def uniform(count: int, low: float, high: float, device: torch.device) -> torch.Tensor:
    return torch.empty(count, 1, 1, 1, device=device).uniform_(low, high)


def vary_light(images: torch.Tensor) -> torch.Tensor:
    """Tone curve, contrast, brightness, colour cast and a slow change over the picture, each drawn per image.

    [N, 3, H, W] in 0..255 and the result likewise, not clipped.
    """
    count, device = len(images), images.device
    x = images / 255
    x = x + uniform(count, -0.5, 0.5, device) * x * (1 - x)  # a parabola: monotonic like gamma, far cheaper
    cast = torch.empty(count, 3, 1, 1, device=device).uniform_(0.93, 1.07)
    shade = torch.empty(count, 1, 3, 6, device=device).uniform_(0.75, 1.25)
    shade = functional.interpolate(shade, images.shape[2:], mode="bilinear", align_corners=True)
    x = x * (cast * uniform(count, 0.8, 1.2, device)) * shade
    return (x + uniform(count, -0.06, 0.06, device)) * 255


def vary_sharpness(images: torch.Tensor) -> torch.Tensor:
    """Blurs or, less, sharpens each image by its own amount; H.264 at a low rate blurs much like this."""
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    rows = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    blurred = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9
    return images + uniform(len(images), -0.4, 1.0, images.device) * (blurred - images)


def add_noise(images: torch.Tensor) -> torch.Tensor:
    """Gaussian noise of up to 6 levels, the same field shifted for each image: drawing it anew would cost more than training."""
    count, channels, height, width = images.shape
    field = torch.randn(channels, height + 32, width + 32, device=images.device)
    noise = torch.stack([field[:, row:row + height, column:column + width]
                         for row, column in torch.randint(0, 32, (count, 2)).tolist()])
    return images + noise * uniform(count, 0, 6, images.device)


def augment(images: torch.Tensor) -> torch.Tensor:
    """[N, 3, H, W] in 0..255 → the same, clipped to 0..255."""
    return add_noise(vary_sharpness(vary_light(images))).clamp_(0, 255)


def mirror(images: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Flips left and right, in place, of the images where `chosen` [N] is True."""
    images[chosen] = images[chosen].flip(3)
    return images
