#!/usr/bin/env python3
"""Draws aligned crops of many people for the embedder.

  train/make_faces.py --split train --people 4000 --views 24 --output DIR
writes DIR/crops.npy uint8 [people, views, 84, 84, 3] (RGB), aligned by the true landmarks with a
margin around the application's crop, and DIR/landmarks.npy float32 [people, views, 5, 2] in the
pixels of these crops. Errors of found landmarks are added in training.
"""

import argparse
import multiprocessing
import pathlib
import sys
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "generate"))

import align  # noqa: E402
import photo  # noqa: E402
from head import Head  # noqa: E402
from identity import first_key, sample  # noqa: E402
from scene import make_light, make_look  # noqa: E402

PLACES = 12  # backdrops that a worker uses at a time


def _degrade(rng, picture, width):
    """JPEG and resampling losses like those of a compressed video."""
    if rng.random() < 0.5:
        k = rng.uniform(1.0, 1.0 + min(0.9, width / 90))
        small = cv2.resize(picture, None, fx=1 / k, fy=1 / k, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.85:
        quality = int(rng.uniform(28, 92))
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture


def view(person, index, base):
    """One aligned crop with its margin, uint8 [84, 84, 3] RGB, and its landmarks [5, 2]."""
    rng = np.random.Generator(np.random.Philox(key=[person.key, 0xA000 + index]))
    width = float(np.exp(rng.uniform(np.log(31), np.log(150))))
    size = int(width * 2.5) // 2 * 2 + 8
    pose = photo.random_pose(rng, size, width, spread=1.15)
    look, light = make_look(rng), make_light(rng)
    rise = rng.uniform(0, 1) if rng.random() < 0.7 else 0.0
    look = type(look)(look.cloth, look.collar, look.prop, look.prop_side, float(rise))
    blur = float(rng.uniform(0, 0.5)) if rng.random() < 0.4 else 0.0
    place = base + int(rng.integers(PLACES))
    pixels = photo.draw_view(person, pose, look, light, blur, size, place, person.key + index)
    picture = _degrade(rng, np.ascontiguousarray(pixels[:, :, :3]), width)
    crop, marks = align.wide_crop(picture, Head(person, pose).landmarks())
    return crop[:, :, ::-1], marks


def _person(job):
    key, views, base = job
    person = sample(key)
    crops, marks = zip(*[view(person, index, base) for index in range(views)])
    return np.stack(crops), np.stack(marks)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "validation"), default="train")
    parser.add_argument("--seed", type=int, default=9000, help="its people are used (default 9000)")
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--views", type=int, default=24)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--output", required=True, metavar="DIR")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    import camera
    camera.keep_backdrops(PLACES)
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    first = first_key(args.split, args.seed)
    jobs = [(first + i, args.views, 5000 + 16 * (i // 400)) for i in range(args.people)]
    crops = np.lib.format.open_memmap(folder / "crops.npy", "w+", np.uint8,
                                      (args.people, args.views, align.WIDE, align.WIDE, 3))
    landmarks = np.zeros((args.people, args.views, 5, 2), np.float32)
    begin = time.monotonic()
    with multiprocessing.Pool(args.processes) as pool:
        for i, (rows, marks) in enumerate(pool.imap(_person, jobs, chunksize=8)):
            crops[i], landmarks[i] = rows, marks
            if i % 100 == 99:
                print(f"{i + 1} people, {time.monotonic() - begin:.0f} s", flush=True)
    crops.flush()
    np.save(folder / "landmarks.npy", landmarks)


if __name__ == "__main__":
    main()
