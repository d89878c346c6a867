"""Single pictures of a person: enrolment photographs and views for training."""

import cairo
import numpy as np

from backdrop import HEIGHT, WIDTH
from camera import backdrop_pixels, develop, paint_person
from head import Head, Pose
from scene import make_light, make_look

PHOTO = 192  # side of an enrolment photograph in pixels


def random_pose(rng, size, width, spread=1.0):
    """A pose of a face `width` pixels wide near the middle of a square picture."""
    unit = width / 1.36
    yaw, pitch, roll = np.clip(rng.normal(0, 1, 3), -2, 2) * [0.24, 0.10, 0.10] * spread
    centre = size / 2 + rng.uniform(-0.06, 0.06, 2) * size
    return Pose(float(centre[0]), float(centre[1]), float(unit), yaw=float(yaw), pitch=float(pitch),
                roll=float(roll), blink=1.0 if rng.random() < 0.95 else 0.0,
                mouth_open=float(max(0.0, rng.uniform(-1.5, 1.0))), smile=float(rng.uniform(0, 1)))


def draw_view(person, pose, look, light, blur, size, place, seed):
    """A square picture, uint8 [size, size, 4]; place: seed of the backdrop behind the person."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 0xF070]))
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, size, size)
    view = np.ndarray((size, size, 4), np.uint8, surface.get_data(),
                      strides=(surface.get_stride(), 4, 1))
    x, y = int(rng.integers(WIDTH - size + 1)), int(rng.integers(HEIGHT - size + 1))
    view[:] = backdrop_pixels(place)[y:y + size, x:x + size]
    surface.mark_dirty()
    paint_person(cairo.Context(surface), Head(person, pose), look, light, blur, (0, 0, size, size))
    surface.flush()
    return develop(view, light, 0, seed)


def draw_photo(person, index, seed):
    """Enrolment photograph `index` of a person, and its face: the first is frontal, others turn.

    Returns uint8 [192, 192, 4] and a dictionary with box and landmarks.
    """
    rng = np.random.Generator(np.random.Philox(key=[person.key, 0xE401 + index]))
    pose = random_pose(rng, PHOTO, rng.uniform(72, 92), spread=0.5)
    pose.y += 4
    pose.yaw = float((0.0, -0.26, 0.26, 0.1)[index % 4] + rng.uniform(-0.06, 0.06))
    pose.blink = 1.0
    look, light = make_look(rng), make_light(rng)
    head = Head(person, pose)
    face = {"box": [round(float(v), 1) for v in np.clip(head.box(), 0, PHOTO)],
            "landmarks": [round(float(v), 1) for v in head.landmarks().ravel()]}
    place = 1000 + seed % 7
    pixels = draw_view(person, pose, look, light, 0.0, PHOTO, place, person.key + index)
    return pixels, face
