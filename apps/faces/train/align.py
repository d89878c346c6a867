"""Crops a face by its landmarks: the same arithmetic as the application's crop stage."""

import cv2
import numpy as np

SIDE = 64
MARGIN = 10  # around a crop that is to be aligned anew
WIDE = SIDE + 2 * MARGIN
# Image-left eye, image-right eye, nose, image-left and image-right mouth corner in the crop.
TEMPLATE = np.array([(24, 33), (40, 33), (32, 42), (25.5, 49), (38.5, 49)], np.float64)


def similarity(points, template=TEMPLATE):
    """The 2x3 similarity transform that takes points [5, 2] nearest to the template.

    Least squares over x' = a x - b y + tx, y' = b x + a y + ty (Umeyama without reflection).
    """
    p, t = np.asarray(points, np.float64).reshape(-1, 2), template
    pc, tc = p.mean(axis=0), t.mean(axis=0)
    u, v = p - pc, t - tc
    spread = float((u * u).sum())
    if spread < 1e-9:
        raise ValueError("the landmarks coincide: no transform aligns them")
    a = float((u * v).sum()) / spread
    b = float((u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum()) / spread
    return np.array([[a, -b, tc[0] - a * pc[0] + b * pc[1]], [b, a, tc[1] - b * pc[0] - a * pc[1]]])


def crop(picture, points):
    """Aligned crop uint8 [64, 64, 3] of a picture by landmarks in continuous coordinates."""
    return warp(picture, similarity(points), SIDE)


def wide_crop(picture, points):
    """A crop with a margin, uint8 [84, 84, 3], and the landmarks in it [5, 2]."""
    matrix = similarity(points, TEMPLATE + MARGIN)
    return warp(picture, matrix, WIDE), points @ matrix[:, :2].T + matrix[:, 2]


def warp(picture, matrix, side):
    """A picture seen through a transform [2, 3] in continuous coordinates, uint8 [side, side, 3]."""
    matrix = matrix.copy()
    # OpenCV counts from pixel centres; ours are continuous.
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_CONSTANT, borderValue=(127, 127, 127))
