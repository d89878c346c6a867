"""The head as a 2.5-D surface: maps points of the drawing onto the picture.

Head coordinates: x to the viewer's right, y down, z towards the viewer; the chin is at y = 1, the
top of the skull at y = -1. Points on the face lie on an ellipsoid; yaw, pitch and roll turn it and
the projection is orthographic, which moves, narrows and hides features as a real turn would.
"""

import dataclasses
import functools

import numpy as np

DEPTH = 0.62  # how far the nose bridge stands before the plane of the ears


@dataclasses.dataclass
class Pose:
    """Where and how a head is seen; angles in radians, lengths in pixels."""

    x: float
    y: float
    unit: float  # pixels per half face height
    yaw: float = 0.0  # positive: turned to the viewer's right
    pitch: float = 0.0  # positive: looking up
    roll: float = 0.0
    blink: float = 1.0  # 1 open .. 0 closed
    mouth_open: float = 0.0
    smile: float = 0.0


def curve(points, closed=False, steps=6):
    """A Catmull-Rom curve through points [n, 2], sampled `steps` times per span."""
    p = np.asarray(points, np.float64)
    if closed:
        p = np.concatenate([p[-1:], p, p[:2]])
    else:
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (p[i:len(p) - 3 + i, None, :] for i in range(4))
    out = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                 + (3 * b - a - 3 * c + d) * t**3)
    out = out.reshape(-1, p.shape[1])
    return out if closed else np.concatenate([out, p[-2:-1]])


def mirrored(right):
    """A closed outline from its right half, given from the top to the bottom."""
    right = np.asarray(right, np.float64)
    left = right[::-1] * [-1, 1]
    return np.concatenate([right, left])


@functools.lru_cache(maxsize=4096)
def outline(person):
    """The closed contour of skull and jaw in head coordinates, [n, 2]."""
    w, jaw, chin = person.width, person.jaw, person.chin
    half = [(0.20 * w, -1.0), (0.60 * w, -0.90), (0.88 * w, -0.66), (0.99 * w, -0.33), (w, 0.0),
            (w * (0.55 + 0.43 * jaw), 0.30), (w * (0.18 + 0.72 * jaw), 0.58),
            (w * jaw * (0.56 + 0.16 * chin), 0.84), (w * (0.12 + 0.30 * chin), 0.985)]
    return curve(mirrored(half), closed=True, steps=4)


def surface_z(x, y):
    """Depth of the face at (x, y)."""
    return DEPTH * np.sqrt(np.clip(1.0 - (x / 0.86)**2 - (y / 1.25)**2, 0.02, 1.0))


class Head:
    """A person's head in a pose; maps head coordinates to pixels."""

    def __init__(self, person, pose):
        self.person = person
        self.pose = pose
        cy, sy = np.cos(pose.yaw), np.sin(pose.yaw)
        cp, sp = np.cos(pose.pitch), np.sin(pose.pitch)
        cr, sr = np.cos(pose.roll), np.sin(pose.roll)
        turn = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
        nod = np.array([[1.0, 0.0, 0.0], [0.0, cp, -sp], [0.0, sp, cp]])
        lean = np.array([[cr, -sr], [sr, cr]])
        self._matrix = lean @ (nod @ turn)[:2] * pose.unit
        self._origin = np.array([pose.x, pose.y])

    def at(self, points, z):
        """Pixels [n, 2] of points [n, 2] at depth z (a number or [n])."""
        p = np.asarray(points, np.float64).reshape(-1, 2)
        xyz = np.column_stack([p, np.broadcast_to(z, len(p))])
        return xyz @ self._matrix.T + self._origin

    def on_face(self, points, lift=0.0):
        """Pixels of points that lie on the face, lifted off it by `lift`."""
        p = np.asarray(points, np.float64).reshape(-1, 2)
        return self.at(p, surface_z(p[:, 0], p[:, 1]) + lift)

    def face_outline(self):
        """Pixels of the contour of the face; the chin stands forward of the ears."""
        p = outline(self.person)
        s = np.clip((p[:, 1] - 0.1) / 0.9, 0.0, 1.0)
        narrow = p * [abs(np.cos(self.pose.yaw))**-0.65, 1.0]  # an ellipsoid keeps its width
        return self.at(narrow, 0.42 * s * s * (3 - 2 * s))

    def landmarks(self):
        """Eye centres, nose tip, mouth corners in pixels, image-left first: [5, 2]."""
        q = self.person
        smile = 1.0 + 0.12 * self.pose.smile
        flat = [(-q.eye_gap, q.eye_y), (q.eye_gap, q.eye_y), (0.0, q.eye_y + q.nose_len),
                (-q.mouth_width * smile, q.mouth_y - 0.04 * self.pose.smile),
                (q.mouth_width * smile, q.mouth_y - 0.04 * self.pose.smile)]
        pixels = self.on_face(flat)
        pixels[2] = self.on_face(flat[2:3], 0.12)[0]
        return pixels

    def box(self):
        """Bounding box of the face from the upper forehead to the chin: x0, y0, x1, y1."""
        p = self.face_outline()
        p = p[outline(self.person)[:, 1] > -0.86]
        return np.concatenate([p.min(axis=0), p.max(axis=0)])
