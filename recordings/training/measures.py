"""The figures that the networks are judged by."""

import numpy as np


def r_squared(predicted: np.ndarray, actual: np.ndarray) -> float:
    return 1 - float(np.square(predicted - actual).sum() / np.square(actual - actual.mean()).sum())


def mean_absolute_degrees(difference: np.ndarray) -> float:
    """Of angles in radians."""
    return float(np.degrees(np.abs(difference).mean()))


def intersection_over_union(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Of all samples' pixels together; both bool."""
    return float((predicted & actual).sum() / (predicted | actual).sum())
