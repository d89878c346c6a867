"""Writes training pictures: crowded frames with labels for the detector."""

import json
import multiprocessing
import pathlib

import numpy as np

from camera import draw_frame
from identity import MAX_SEED
from media import Encoder, jpeg_options
from scene import HEIGHT, WIDTH, Visibility, make_plan

SHOTS = 10  # frames taken from one scene


def _shoot(job):
    """Frames of one small plan: [(pixels, truth)]."""
    split, seed, count = job
    plan = make_plan(seed, frames=250, known=17, strangers=1, split=split, attempts=1)
    scene, measure = plan.scenes[0], Visibility()
    rng = np.random.Generator(np.random.Philox(key=[seed, 0x5407]))
    out = []
    for t in sorted(rng.choice(plan.frames, count, replace=False).tolist()):
        out.append((draw_frame(scene, t, seed).tobytes(), measure.faces(scene, t)))
    return out


def make_training(output, seed, count, split="train", processes=2,
                  progress=lambda done, total: None):
    """Writes DIR/images/NNNNN.jpg (1280x720) and DIR/labels.jsonl.

    Each scene has people of its own; scene k of seed n takes the people of seed n * 1000 + k.
    """
    if not 0 <= seed * 1000 <= MAX_SEED - 1000:
        raise ValueError(f"seed {seed} is out of range: training pictures have seeds 0 to "
                         f"{MAX_SEED // 1000 - 1}")
    output = pathlib.Path(output)
    (output / "images").mkdir(parents=True, exist_ok=True)
    jobs = [(split, seed * 1000 + k, min(SHOTS, count - k * SHOTS))
            for k in range(-(-count // SHOTS))]
    encoder = Encoder(WIDTH, HEIGHT, jpeg_options(output / "images" / "%05d.jpg", 6))
    done = 0
    with open(output / "labels.jsonl", "w", encoding="utf-8") as labels, \
            multiprocessing.Pool(processes) as pool:
        for shots in pool.imap(_shoot, jobs):
            for pixels, faces in shots:
                encoder.write(pixels)
                row = {"image": f"images/{done:05d}.jpg", "faces": faces}
                labels.write(json.dumps(row, separators=(",", ":")) + "\n")
                done += 1
            progress(done, count)
    encoder.close()
