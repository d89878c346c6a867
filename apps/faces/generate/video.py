"""Writes a video, its ground truth and the enrolment photographs of its people."""

import json
import multiprocessing
import os
import pathlib

from camera import draw_frame
from media import Encoder, jpeg_options, video_options
from photo import PHOTO, draw_photo
from scene import HEIGHT, WIDTH, make_plan

PHOTOS_EACH = 4
RATE_KBITS = 1240  # 1500 frames of 30 a second stay under 8 MB

_plan = None


def _adopt(plan):
    global _plan  # one plan for each worker process
    _plan = plan


def _frame(number):
    scene, t = _plan.locate(number)
    return draw_frame(_plan.scenes[scene], t, _plan.seed * 1000 + scene).tobytes()


def write_video(plan, path, processes, progress):
    """Encodes every frame of a plan; progress(done, total) is called now and then."""
    encoder = Encoder(WIDTH, HEIGHT, video_options(path, RATE_KBITS))
    with multiprocessing.Pool(processes, _adopt, (plan,)) as pool:
        for done, pixels in enumerate(pool.imap(_frame, range(plan.frames), chunksize=4), 1):
            encoder.write(pixels)
            if done % 100 == 0:
                progress(done, plan.frames)
    encoder.close()


def write_truth(plan, path):
    """Ground truth, one JSON object for each frame."""
    with open(path, "w", encoding="utf-8") as out:
        for row in plan.truth():
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


def write_photos(people, folder, seed, each=PHOTOS_EACH):
    """Photographs folder/NAME/N.jpg of each person; photos.jsonl says where their faces are."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(PHOTO, PHOTO, jpeg_options(folder / "%05d.jpg", 4))
    rows = []
    for person in people:
        for index in range(each):
            pixels, face = draw_photo(person, index, seed)
            encoder.write(pixels)
            rows.append({"file": f"{person.name}/{index}.jpg", "name": person.name, "width": PHOTO,
                         "height": PHOTO, **face})
    encoder.close()
    with open(folder / "photos.jsonl", "w", encoding="utf-8") as out:
        for number, row in enumerate(rows):
            (folder / row["name"]).mkdir(exist_ok=True)
            os.replace(folder / f"{number:05d}.jpg", folder / row["file"])
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


def make_video(output, seed, frames=1500, known=100, strangers=8, split="test", processes=2,
               progress=lambda done, total: None):
    """Everything that an application needs: video.mp4, truth.jsonl, people.json, enrol/."""
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    plan = make_plan(seed, frames, known, strangers, split)
    write_photos(plan.known, output / "enrol", seed)
    write_truth(plan, output / "truth.jsonl")
    with open(output / "people.json", "w", encoding="utf-8") as out:
        json.dump({"seed": seed, "split": split, "frames": plan.frames,
                   "known": [p.name for p in plan.known],
                   "strangers": [p.name for p in plan.strangers]}, out, indent=1)
        out.write("\n")
    write_video(plan, output / "video.mp4", processes, progress)
    return plan
