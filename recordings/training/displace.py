"""Moves and turns the camera of a picture that is already drawn, as the PilotNet papers do (arXiv 1604.07316, section 5).

A turn moves the whole picture sideways; a shift moves what lies on a level road, and more the nearer it is.
"""

import numpy as np
import torch
from torch.nn import functional

import pilotnet

# Of the pilotnet view, in its pixels: 62° across 960 of which 800 become 200; the horizon; the lens above the road in m.
FOCAL_LENGTH = 480 / np.tan(np.radians(31)) / 4
HORIZON = (0.46 * 540 - 214) / 4
LENS_HEIGHT = 1.3


def displace(images: torch.Tensor, shift: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """[N, 3, 66, 200] as a camera `shift` [N] m further left and turned by `turn` [N] rad to the left sees it."""
    height, width = images.shape[2:]
    rows = torch.arange(height, device=images.device, dtype=torch.float32)
    columns = torch.arange(width, device=images.device, dtype=torch.float32)
    below_horizon = (rows - HORIZON).clamp_(min=0) / LENS_HEIGHT
    moved = FOCAL_LENGTH * torch.tan(turn)[:, None] + shift[:, None] * below_horizon
    x = (columns[None, None] - moved[:, :, None] + 0.5) * (2 / width) - 1
    y = ((rows + 0.5) * (2 / height) - 1)[None, :, None].expand_as(x)
    return functional.grid_sample(images, torch.stack([x, y], -1), padding_mode="border", align_corners=False)


def corrected(curvature: np.ndarray, lookahead: np.ndarray, shift: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """What pure pursuit (Coulter 1992) of the same point `lookahead` m away steers, 1/m, from the displaced place."""
    left = curvature * lookahead**2 / 2
    ahead = np.sqrt(lookahead**2 - left**2)
    left = left - shift
    return 2 * (left * np.cos(turn) - ahead * np.sin(turn)) / (left**2 + ahead**2)
