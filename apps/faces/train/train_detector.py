#!/usr/bin/env python3
"""Trains the face detector on pictures of `generate.py train` and exports it.

  generate/generate.py train --seed 1 --count 3000 --output DIR
  train/train_detector.py --data DIR --minutes 15 --output models/detector.onnx
"""

import argparse
import json
import math
import pathlib
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from networks import LARGEST, STRIDES, Detector, ExportedDetector

CROP_W, CROP_H = 320, 192  # training sees windows of the scaled pictures
SMALLEST = 13.0  # shorter side in input pixels; smaller faces are neither wanted nor forbidden


def load(folder):
    """Half-size pictures uint8 [n, 360, 640, 3]; faces [k, 15] of each: box, landmarks, ignore."""
    folder = pathlib.Path(folder)
    rows = [json.loads(line) for line in open(folder / "labels.jsonl", encoding="utf-8")]
    pictures = np.empty((len(rows), 360, 640, 3), np.uint8)
    faces = []
    for i, row in enumerate(rows):
        picture = cv2.imread(str(folder / row["image"]))
        pictures[i] = cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        table = [f["box"] + f["landmarks"] + [float(f.get("ignore", False))] for f in row["faces"]]
        table = np.array(table, np.float32).reshape(-1, 15)
        table[:, :14] /= 2
        faces.append(table)
    return pictures, faces


def window(rng, picture, faces):
    """A random scale and window of a picture, as uint8 [192, 320, 3] with its faces."""
    scale = float(np.exp(rng.uniform(np.log(0.85), np.log(1.2))))
    draw = rng.random()
    if draw > 0.8:  # large faces, as on photographs
        scale = float(np.exp(rng.uniform(np.log(1.2), np.log(3.2))))
    if draw > 0.35 and len(faces):  # around somebody
        f = faces[int(rng.integers(len(faces)))]
        cx, cy = (f[0] + f[2]) / 2, (f[1] + f[3]) / 2
        cx += rng.uniform(-0.4, 0.4) * CROP_W / scale
        cy += rng.uniform(-0.4, 0.4) * CROP_H / scale
    else:
        cx, cy = rng.uniform(0, 640), rng.uniform(0, 360)
    cx = np.clip(cx, CROP_W / scale / 2 - 20, 660 - CROP_W / scale / 2)
    cy = np.clip(cy, CROP_H / scale / 2 - 20, 380 - CROP_H / scale / 2)
    left, top = cx - CROP_W / scale / 2, cy - CROP_H / scale / 2
    if draw <= 0.5:  # keep the sharpness of the real thing: whole pixels, no resampling
        scale, left, top = 1.0, float(round(left)), float(round(top))
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    shift = np.array([[1, 0, 0.5 * scale - 0.5], [0, 1, 0.5 * scale - 0.5]])
    matrix[:, 2] += shift[:, 2]  # OpenCV counts from pixel centres
    out = cv2.warpAffine(picture, matrix, (CROP_W, CROP_H), flags=cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_CONSTANT, borderValue=(127, 127, 127))
    moved = faces.copy()
    moved[:, :14:2] = (faces[:, :14:2] - left) * scale
    moved[:, 1:14:2] = (faces[:, 1:14:2] - top) * scale
    if rng.random() < 0.5:
        out = out[:, ::-1]
        mirror = moved.copy()
        mirror[:, 0], mirror[:, 2] = CROP_W - moved[:, 2], CROP_W - moved[:, 0]
        order = [1, 0, 2, 4, 3]
        for k, source in enumerate(order):
            mirror[:, 4 + 2 * k] = CROP_W - moved[:, 4 + 2 * source]
            mirror[:, 5 + 2 * k] = moved[:, 5 + 2 * source]
        moved = mirror
    return out, clip_faces(moved)


def clip_faces(faces):
    """Cuts boxes at the window; what is mostly outside becomes ignored, all outside vanishes."""
    full = (faces[:, 2] - faces[:, 0]) * (faces[:, 3] - faces[:, 1])
    faces = faces.copy()
    faces[:, 0:4:2] = np.clip(faces[:, 0:4:2], 0, CROP_W)
    faces[:, 1:4:2] = np.clip(faces[:, 1:4:2], 0, CROP_H)
    w, h = faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1]
    faces[(w * h < 0.5 * full) | (np.minimum(w, h) < SMALLEST), 14] = 1.0
    return faces[(w > 2) & (h > 2)]


def targets(faces, width, height):
    """Per stride: score target [h, w] (1, 0, -1 ignored) and regression [h, w, 14] in strides."""
    out = []
    for stride in STRIDES:
        rows, columns = -(-height // stride), -(-width // stride)
        score = np.zeros((rows, columns), np.float32)
        regression = np.zeros((rows, columns, 14), np.float32)
        px = np.arange(columns, dtype=np.float32)[None, :] * stride
        py = np.arange(rows, dtype=np.float32)[:, None] * stride
        best = np.full((rows, columns), np.inf, np.float32)
        smaller = max([s for s in STRIDES if s < stride], default=0)
        for f in faces:
            side = max(f[2] - f[0], f[3] - f[1])
            inside = (px >= f[0]) & (px <= f[2]) & (py >= f[1]) & (py <= f[3])
            belongs = LARGEST.get(smaller, 0.0) < side <= LARGEST[stride]
            near = 0.8 * LARGEST.get(smaller, 0.0) < side <= 1.25 * LARGEST[stride]
            if f[14] > 0 or not belongs:
                if f[14] > 0 or near:
                    score[inside & (score == 0)] = -1
                continue
            cx, cy = (f[0] + f[2]) / 2, (f[1] + f[3]) / 2
            reach = np.maximum(np.abs(px - cx) / (f[2] - f[0]), np.abs(py - cy) / (f[3] - f[1]))
            radius = max(0.22, 0.52 * stride / min(f[2] - f[0], f[3] - f[1]))
            score[inside & (reach < radius + 0.18) & (score == 0)] = -1
            middle = inside & (reach < radius) & (reach < best)
            best[middle] = reach[middle]
            score[middle] = 1
            ys, xs = np.nonzero(middle)
            x, y = xs * stride, ys * stride
            regression[ys, xs, 0:4] = np.stack([x - f[0], y - f[1], f[2] - x, f[3] - y], 1) / stride
            regression[ys, xs, 4::2] = (f[None, 4:14:2] - x[:, None]) / stride
            regression[ys, xs, 5::2] = (f[None, 5:14:2] - y[:, None]) / stride
        out.append((score, regression))
    return out


def colour(rng, batch):
    """Random gain, cast, grey and noise; float [n, h, w, 3] in 0..255."""
    n = len(batch)
    gain = rng.uniform(0.75, 1.3, (n, 1, 1, 1)) * rng.uniform(0.92, 1.08, (n, 1, 1, 3))
    batch = batch * gain.astype(np.float32) + rng.uniform(-12, 12, (n, 1, 1, 1)).astype(np.float32)
    return np.clip(batch, 0, 255)


def iou_loss(predicted, wanted):
    """1 - IoU of boxes given as distances [n, 4], generalised so that it pulls from afar."""
    p = predicted.clamp(min=0.02)
    area = (p[:, 0] + p[:, 2]) * (p[:, 1] + p[:, 3])
    goal = (wanted[:, 0] + wanted[:, 2]) * (wanted[:, 1] + wanted[:, 3])
    low, high = torch.minimum(p, wanted), torch.maximum(p, wanted)
    inter = (low[:, 0] + low[:, 2]) * (low[:, 1] + low[:, 3])
    hull = (high[:, 0] + high[:, 2]) * (high[:, 1] + high[:, 3])
    union = area + goal - inter
    return 1 - inter / union + (hull - union) / hull


def loss_of(outputs, wanted):
    """Sum of focal score loss, box loss and landmark loss."""
    total, positives = 0.0, 0
    boxes = marks = 0.0
    for (score, box, landmarks), (label, regression) in zip(outputs, wanted):
        score = score[:, 0]
        target = (label > 0).float()
        p = torch.sigmoid(score)
        miss = (target - p).abs().pow(2)
        weight = torch.where(target > 0, 0.6 * miss, 0.4 * miss) * (label >= 0)
        entropy = F.binary_cross_entropy_with_logits(score, target, reduction="none")
        total = total + (weight * entropy).sum()
        at = label > 0
        count = int(at.sum())
        positives += count
        if count:
            goal = regression[at]
            got = box.permute(0, 2, 3, 1)[at]
            side = (goal[:, 0] + goal[:, 2] + goal[:, 1] + goal[:, 3])[:, None] / 4
            boxes = boxes + iou_loss(got, goal[:, :4]).sum() + 0.1 * F.smooth_l1_loss(
                got / side, goal[:, :4] / side, reduction="sum", beta=0.1)
            spots = landmarks.permute(0, 2, 3, 1)[at]
            marks = marks + F.smooth_l1_loss(
                spots / side, goal[:, 4:] / side, reduction="sum", beta=0.02)
    count = max(1, positives)
    return (4.0 * total + boxes + 1.0 * marks) / count, boxes / count, marks / count


def make_batch(rng, pictures, faces, size):
    """Input [n, 3, h, w] and stacked targets."""
    crops, stacks = [], [[] for _ in STRIDES]
    for _ in range(size):
        i = int(rng.integers(len(pictures)))
        crop, moved = window(rng, pictures[i], faces[i])
        crops.append(crop)
        for stack, item in zip(stacks, targets(moved, CROP_W, CROP_H)):
            stack.append(item)
    batch = colour(rng, np.stack(crops).astype(np.float32))
    image = torch.from_numpy((batch - 127.5) / 127.5).permute(0, 3, 1, 2).contiguous()
    wanted = [tuple(torch.from_numpy(np.stack(part)) for part in zip(*stack)) for stack in stacks]
    return image, wanted


def export(model, path):
    """Writes the ONNX file; the batch dimension is symbolic."""
    model.eval()
    names = [f"{kind}_{s}" for s in STRIDES for kind in ("score", "box", "landmarks")]
    torch.onnx.export(ExportedDetector(model), torch.zeros(1, 3, 360, 640), str(path),
                      opset_version=13, input_names=["image"], output_names=names,
                      dynamic_axes={name: {0: "batch"} for name in ["image"] + names})
    model.train()


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="DIR", action="append")
    parser.add_argument("--minutes", type=float, default=15.0, help="processor time to spend")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", metavar="FILE", help="weights to go on from")
    parser.add_argument("--weights", default="detector.pt", help="where the weights are kept")
    parser.add_argument("--output", required=True, help="ONNX file to write")
    return parser.parse_args()


def main():
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(args.seed)
    loaded = [load(folder) for folder in args.data]
    pictures = [p for part in loaded for p in part[0]]
    faces = [f for part in loaded for f in part[1]]
    model = Detector()
    if args.resume:
        model.load_state_dict(torch.load(args.resume))
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=1e-3)
    begin, step, kept = time.process_time(), 0, np.array([4.0, 1.0, 0.3])  # running means
    while True:
        done = (time.process_time() - begin) / 60 / args.minutes
        if done >= 1:
            break
        rate = args.rate * min(1, (step + 1) / 100) * (0.51 + 0.49 * math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        image, wanted = make_batch(rng, pictures, faces, args.batch)
        loss, boxes, marks = loss_of(model(image), wanted)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        kept = 0.98 * kept + 0.02 * np.array([loss.item(), float(boxes), float(marks)])
        step += 1
        if step % 50 == 0:
            spent = time.process_time() - begin
            print(f"step {step} {spent:.0f} s loss {kept.round(4)}", flush=True)
        if step % 500 == 0:
            torch.save(model.state_dict(), args.weights)
            export(model, args.output)
    torch.save(model.state_dict(), args.weights)
    export(model, args.output)


if __name__ == "__main__":
    main()
