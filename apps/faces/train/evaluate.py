#!/usr/bin/env python3
"""Runs the exported models over generated videos and compares with the ground truth.

  train/evaluate.py --data data
  train/evaluate.py --data DIR1 --data DIR2 --choose models/thresholds.json   (validation seeds)
"""

import argparse
import collections
import json
import pathlib
import subprocess

import cv2
import numpy as np
import torch

import recognise

WIDTH, HEIGHT = 1280, 720


def frames(path, every):
    """Frames of a video as RGB uint8 [720, 1280, 3], with their numbers."""
    process = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-loglevel", "error", "-threads", "1", "-i", str(path),
         "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], stdout=subprocess.PIPE)
    number = 0
    while True:
        data = process.stdout.read(WIDTH * HEIGHT * 3)
        if len(data) < WIDTH * HEIGHT * 3:
            break
        if number % every == 0:
            yield number, np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)
        number += 1
    process.wait()


def measure(recogniser, folder, every):
    """Counts of detection and, per matched face, (known, right name, similarity, width, name,
    visible part, greatest similarity to anybody else of the gallery)."""
    folder = pathlib.Path(folder)
    truth = recognise.read_truth(folder / "truth.jsonl")
    names, gallery = recognise.enrol(recogniser, folder / "enrol")
    counts, rows, misses, offsets = collections.Counter(), [], [], []
    for number, picture in frames(folder / "video.mp4", every):
        faces = truth[number]["faces"]
        boxes, scores, marks = recogniser.detect(picture)
        pairs = recognise.match(boxes, scores, faces)
        wanted = [i for i, f in enumerate(faces) if not f.get("ignore")]
        counts["wanted"] += len(wanted)
        counts["found"] += int(np.sum(pairs >= 0))
        counts["wrong"] += int(np.sum(pairs == -1))
        counts["enrolled"] = len(names)
        misses += [(number, faces[i]["box"], faces[i]["visible"]) for i in wanted if i not in pairs]
        marks = recogniser.refine(picture, marks)
        vectors = recognise.quantise(recogniser.embed(picture, marks))
        for pair, vector, spots in zip(pairs, vectors, marks):
            if pair < 0:
                continue
            face = faces[pair]
            sims = recognise.similarity(vector[None], gallery)[0]
            others = sims[np.array(names) != face["name"]]
            width = face["box"][2] - face["box"][0]
            rows.append((face["known"], names[int(np.argmax(sims))] == face["name"],
                         float(np.max(sims)), width, face["name"], face["visible"],
                         float(np.max(others))))
            goal = np.array(face["landmarks"]).reshape(5, 2)
            offsets.append(float(np.mean(np.linalg.norm(spots - goal, axis=1)) / width))
    return counts, rows, misses, offsets


def summary(counts, rows, threshold):
    """The figures of the application."""
    known = [r for r in rows if r[0]]
    strange = [r for r in rows if not r[0]]
    share = lambda part, whole: round(part / max(1, whole), 4)
    return {
        "recall": share(counts["found"], counts["wanted"]),
        "precision": share(counts["found"], counts["found"] + counts["wrong"]),
        "rank1": share(sum(r[1] and r[2] >= threshold for r in known), len(known)),
        "rank1_without_rejection": share(sum(r[1] for r in known), len(known)),
        "stranger_acceptance": share(sum(r[2] >= threshold for r in strange), len(strange)),
        "acceptance_without_themselves": share(sum(r[6] >= threshold for r in rows), len(rows)),
        "faces": len(rows), "stranger_faces": len(strange), "threshold": threshold}


def choose(rows):
    """The threshold where rejected known people and accepted strangers are equally far from 5 % and
    1 %: half of what is allowed, since a video shows few strangers and one of them may look like
    somebody known.

    Everybody known is a stranger, too, to the gallery without them; the larger share counts, that of
    the strangers or that of everybody.
    """
    known = np.array([r[2] if r[1] else -1.0 for r in rows if r[0]])
    groups = [np.array([r[6] for r in rows]), np.array([r[2] for r in rows if not r[0]])]
    best = min(np.arange(0.2, 0.9, 0.005),
               key=lambda t: max([np.mean(known < t) / 0.05]
                                 + [np.mean(g >= t) / 0.01 for g in groups if len(g)]))
    return round(float(best), 3)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="DIR", action="append")
    home = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--models", default=str(home / "models"), metavar="DIR")
    parser.add_argument("--every", type=int, default=1, help="look at every n-th frame")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--score", type=float, default=0.5, help="least score of a detection")
    parser.add_argument("--choose", metavar="FILE",
                        help="choose the threshold on this data and write it")
    parser.add_argument("--verbose", action="store_true", help="misses and confusions")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    recogniser = recognise.Recogniser(args.models, args.score)
    results = [(folder, measure(recogniser, folder, args.every)) for folder in args.data]
    stored = pathlib.Path(args.models) / "thresholds.json"
    if args.choose:
        threshold = choose([row for _, result in results for row in result[1]])
        text = {"score_threshold": args.score, "nms_iou": recognise.NMS_IOU,
                "stranger_threshold": threshold, "vector_scale": recognise.VECTOR_SCALE}
        pathlib.Path(args.choose).write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    else:
        threshold = json.loads(stored.read_text(encoding="utf-8"))["stranger_threshold"]
    for folder, (counts, rows, misses, offsets) in results:
        line = {"data": str(folder), **summary(counts, rows, threshold),
                "landmark_error": round(float(np.mean(offsets)), 4) if offsets else None}
        print(json.dumps(line), flush=True)
        if args.verbose:
            wrong = collections.Counter((r[4], "known" if r[0] else "stranger") for r in rows
                                        if (r[0] and not (r[1] and r[2] >= threshold))
                                        or (not r[0] and r[2] >= threshold))
            print("misses", len(misses), misses[::max(1, len(misses) // 12)])
            print("wrong", wrong.most_common(12), "enrolled", counts["enrolled"])
            for low, high in ((0, 45), (45, 60), (60, 90), (90, 300)):
                part = [r for r in rows if r[0] and low <= r[3] < high]
                good = sum(r[1] and r[2] >= threshold for r in part)
                share = good / max(1, len(part))
                print(f"width {low}-{high}: {len(part)} known, {share:.4f} right")


if __name__ == "__main__":
    main()
