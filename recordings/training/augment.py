"""Changes of light, colour, sharpness and noise, and mirroring: what a camera and a video codec vary and the road does not."""

import torch
from torch.nn import functional

GROUND = 20  # first row of the pilotnet view that shows only ground and what is very near, boards' faces aside


def uniform(count: int, low: float, high: float, device: torch.device) -> torch.Tensor:
    return torch.empty(count, 1, 1, 1, device=device).uniform_(low, high)


def vary_light(images: torch.Tensor) -> torch.Tensor:
    """Tone curve, contrast, brightness, colour cast and a slow change over the picture, each drawn per image.

    [N, 3, H, W] in 0..255 and the result likewise, not clipped.
    """
    count, device = len(images), images.device
    cast = torch.empty(count, 3, 1, 1, device=device).uniform_(0.93, 1.07) * uniform(count, 0.8, 1.2, device)
    # x + bend·x·(1 − x), for x in 0..1: monotonic like gamma, far cheaper.
    bend = uniform(count, -0.5, 0.5, device)
    shade = torch.empty(count, 1, 3, 6, device=device).uniform_(0.75, 1.25)
    shade = functional.interpolate(shade, images.shape[2:], mode="bilinear", align_corners=True)
    gain = torch.addcmul((1 + bend) * cast, images, -bend * cast / 255)
    return gain.mul_(images).mul_(shade).add_(uniform(count, -15, 15, device))


def vary_sharpness(images: torch.Tensor) -> torch.Tensor:
    """Blurs or, less, sharpens each image by its own amount; H.264 at a low rate blurs much like this."""
    count, channels, height, width = images.shape
    amount = uniform(count, -0.4, 1.0, images.device)
    kernels = (amount / 9).repeat(1, channels, 3, 3)
    kernels[:, :, 1, 1] += 1 - amount[:, :, 0, 0]
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    groups = count * channels
    sharpened = functional.conv2d(padded.view(1, groups, height + 2, width + 2), kernels.view(groups, 1, 3, 3), groups=groups)
    return sharpened.view_as(images)


def add_noise(images: torch.Tensor) -> torch.Tensor:
    """In place, Gaussian noise of up to 6 levels, the same field shifted for each image: drawing it anew would cost more than training."""
    count, channels, height, width = images.shape
    field = torch.randn(channels, height + 32, width + 32, device=images.device)
    strength = uniform(count, 0, 6, images.device)
    for image, (row, column), sigma in zip(images, torch.randint(0, 32, (count, 2)).tolist(), strength):
        image.addcmul_(field[:, row:row + height, column:column + width], sigma)
    return images


def augment(images: torch.Tensor) -> torch.Tensor:
    """[N, 3, H, W] in 0..255 → the same, clipped to 0..255."""
    return add_noise(vary_sharpness(vary_light(images))).clamp_(0, 255)


def mirror(images: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Flips left and right, in place, of the images where `chosen` [N] is True."""
    images[chosen] = images[chosen].flip(3)
    return images


def hide_road(images: torch.Tensor, first_row: int = GROUND) -> torch.Tensor:
    """Makes the road below `first_row` tell nothing and leaves what stands beside it alone.

    [N, 3, 66, 200] in 0..255. In half of the images what lies below is mirrored, in all it fades into its own mean by
    an amount of their own.
    """
    count, device = len(images), images.device
    ground = images[:, :, first_row:]
    chosen = torch.rand(count, device=device) < 0.5
    ground = mirror(ground.clone(), chosen)
    ground += uniform(count, 0, 1, device) * (ground.mean((2, 3), keepdim=True) - ground)
    return torch.cat([images[:, :, :first_row], ground], 2)
