#!/usr/bin/env python3
"""Two simple methods on the same data, to show what colour alone achieves.

  baselines.py --data data --every 5

A colour-threshold detector (skin in YCbCr, connected areas, boxes) and a mean-colour descriptor
(nearest mean colour of the true face box, of all people enrolled by their photographs). Both are
helped where they can be: the detector may cut a tall area to the shape of a face, the descriptor is
given the true boxes. Prints one JSON line. Needs numpy and the ffmpeg command.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np

CELL = 4  # the detector looks at means of 4x4 pixels


def pictures(path, width, height, options=()):
    """Pictures of a file as RGB uint8 [height, width, 3], in order."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise OSError("ffmpeg is not installed: install the Debian package 'ffmpeg'")
    process = subprocess.Popen(
        [program, "-nostdin", "-loglevel", "error", *options, "-i", str(path), "-f", "rawvideo",
         "-pix_fmt", "rgb24", "-"], stdout=subprocess.PIPE)
    size = width * height * 3
    while True:
        data = process.stdout.read(size)
        if len(data) < size:
            break
        yield np.frombuffer(data, np.uint8).reshape(height, width, 3)
    if process.wait() != 0:
        raise OSError(f"ffmpeg cannot read {path}")


def skin_masks(picture):
    """Skin by the usual limits of Cb and Cr, on means of CELL x CELL pixels: all of it, and the
    dark, middle and light tones apart, which divides a face from a wall of another tone."""
    h, w = picture.shape[:2]
    small = picture.reshape(h // CELL, CELL, w // CELL, CELL, 3).mean(axis=(1, 3))
    r, g, b = small[..., 0], small[..., 1], small[..., 2]
    y = 0.299 * r + 0.587 * g + 0.114 * b
    cb = 128 - 0.168736 * r - 0.331264 * g + 0.5 * b
    cr = 128 + 0.5 * r - 0.418688 * g - 0.081312 * b
    skin = (cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173)
    return [skin, skin & (y < 95), skin & (y >= 75) & (y < 150), skin & (y >= 125)]


def areas(mask):
    """Bounding boxes x0, y0, x1, y1 and sizes of the 4-connected areas of a mask, [n, 5]."""
    parents, boxes, above = [], [], []

    def root(k):
        while parents[k] != k:
            parents[k] = parents[parents[k]]
            k = parents[k]
        return k

    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    for y in range(mask.shape[0]):
        runs = []
        begins, ends = np.nonzero(edges[y] > 0)[0], np.nonzero(edges[y] < 0)[0]
        for x0, x1 in zip(begins.tolist(), ends.tolist()):
            label = len(parents)
            parents.append(label)
            boxes.append([x0, y, x1, y + 1, x1 - x0])
            for a0, a1, other in above:
                if a0 < x1 and x0 < a1:
                    other, mine = root(other), root(label)
                    if other != mine:
                        parents[mine] = other
                        p, q = boxes[other], boxes[mine]
                        boxes[other] = [min(p[0], q[0]), min(p[1], q[1]), max(p[2], q[2]),
                                        max(p[3], q[3]), p[4] + q[4]]
            runs.append((x0, x1, label))
        above = runs
    return np.array([boxes[k] for k in range(len(parents)) if parents[k] == k]).reshape(-1, 5)


def detect(picture):
    """Boxes [n, 4] of skin-coloured areas that could be faces, in pixels."""
    found = np.concatenate([areas(mask) for mask in skin_masks(picture)]).astype(np.float64)
    if not len(found):
        return np.zeros((0, 4))
    w, h = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    fits = (w >= 6) & (h >= 6) & (w <= 70) & (found[:, 4] >= 0.4 * w * h)
    boxes = found[fits, :4]
    tall = (boxes[:, 3] - boxes[:, 1]) > 1.35 * (boxes[:, 2] - boxes[:, 0])  # neck and shirt
    boxes[tall, 3] = boxes[tall, 1] + 1.35 * (boxes[tall, 2] - boxes[tall, 0])
    return boxes * CELL


def overlaps(box, boxes):
    """IoU of one box with boxes [n, 4]."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inter = np.prod(np.clip(high - low, 0, None), axis=1)
    union = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - inter
    return inter / np.maximum(union, 1e-9)


def mean_colour(picture, box):
    """Mean of a box, and the same divided by the mean of the whole picture: [2, 3]."""
    x0, y0, x1, y1 = (int(round(v)) for v in box)
    mean = picture[y0:y1, x0:x1].reshape(-1, 3).mean(axis=0)
    whole = picture[::8, ::8].reshape(-1, 3).mean(axis=0)
    return np.stack([mean / 255.0, mean / np.maximum(whole, 1.0)])


def enrolled(folder):
    """Names, and mean colours [n, 2, 3] of the photographs of each person."""
    with open(folder / "photos.jsonl", encoding="utf-8") as lines:
        rows = sorted(map(json.loads, lines), key=lambda row: row["file"])
    colours = {}
    views = pictures(folder / "*" / "*.jpg", rows[0]["width"], rows[0]["height"],
                     ("-pattern_type", "glob"))
    for row, picture in zip(rows, views):
        colours.setdefault(row["name"], []).append(mean_colour(picture, row["box"]))
    names = sorted(colours)
    return names, np.stack([np.mean(colours[name], axis=0) for name in names])


def evaluate(folder, every):
    """Figures of both baselines over every n-th frame."""
    folder = pathlib.Path(folder)
    names, gallery = enrolled(folder / "enrol")
    wanted = found = proposed = known = 0
    right = np.zeros(2)
    video = pictures(folder / "video.mp4", 1280, 720)
    with open(folder / "truth.jsonl", encoding="utf-8") as lines:
        for number, (line, picture) in enumerate(zip(lines, video)):
            if number % every:
                continue
            faces = [f for f in json.loads(line)["faces"] if not f.get("ignore")]
            boxes = detect(picture)
            proposed += len(boxes)
            for face in faces:
                box = np.array(face["box"])
                wanted += 1
                found += bool(len(boxes)) and bool(np.max(overlaps(box, boxes)) >= 0.5)
                if face["known"]:
                    known += 1
                    apart = np.linalg.norm(gallery - mean_colour(picture, box), axis=2)
                    right += [names[k] == face["name"] for k in np.argmin(apart, axis=0)]
    rank1 = right / max(1, known)
    return {"data": str(folder), "faces": wanted,
            "colour_threshold_recall": round(found / max(1, wanted), 4),
            "colour_threshold_precision": round(found / max(1, proposed), 4),
            "mean_colour_rank1": round(float(rank1.max()), 4)}


def main():
    """Runs the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    home = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--data", default=str(home / "data"), metavar="DIR")
    parser.add_argument("--every", type=int, default=5, help="look at every n-th frame")
    args = parser.parse_args()
    if args.every < 1:
        parser.error(f"--every {args.every}: expected 1 or more")
    try:
        print(json.dumps(evaluate(args.data, args.every)))
    except (OSError, KeyError, ValueError) as error:
        print(f"baselines.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
