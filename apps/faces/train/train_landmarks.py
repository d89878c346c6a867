#!/usr/bin/env python3
"""Trains the network that finds the landmarks of a roughly aligned face anew, and exports it.

  train/make_faces.py --people 2000 --views 10 --output DIR
  train/train_landmarks.py --data DIR --minutes 8 --output models/landmarks.onnx
"""

import argparse
import math
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import align
import augment
from networks import ExportedLandmarks, Landmarks

MIRRORED = [1, 0, 2, 4, 3]  # landmarks of a mirrored face


def roughly_align(rng, crop, marks):
    """What a crop by the detector's landmarks looks like, float [64, 64, 3], and its landmarks.

    The detector knows little of how a small face leans: on validation videos its crops are turned
    by 0.11 rad, scaled by 9 % and shifted by 1.3 pixels (standard deviations); here it is more.
    """
    spread = rng.uniform(0.4, 1.9)
    turn, zoom = rng.normal(0, 0.11) * spread, math.exp(rng.normal(0, 0.085) * spread)
    c, s = math.cos(turn) * zoom, math.sin(turn) * zoom
    matrix = np.array([[c, -s, 0.0], [s, c, 0.0]])
    centre = align.TEMPLATE.mean(axis=0)
    matrix[:, 2] = (centre + rng.normal(0, 1.4, 2) * spread
                    - matrix[:, :2] @ (centre + align.MARGIN))
    moved = marks @ matrix[:, :2].T + matrix[:, 2]
    out = align.warp(crop, matrix, align.SIDE).astype(np.float32)
    if rng.random() < 0.5:
        out = out[:, ::-1]
        moved = moved[MIRRORED] * [-1, 1] + [align.SIDE, 0]
    return out, moved


def make_batch(rng, views, size):
    """Faces float [n, 3, 64, 64] and their landmarks [n, 10] in pixels."""
    crops, marks, _ = views.draw(rng, size)
    faces, goals = zip(*[roughly_align(rng, crop, five) for crop, five in zip(crops, marks)])
    batch = np.stack(faces)
    augment.light(rng, batch)
    augment.hide(rng, batch)
    face = torch.from_numpy((batch - 127.5) / 127.5).permute(0, 3, 1, 2).contiguous()
    return face, torch.from_numpy(np.stack(goals).reshape(size, 10).astype(np.float32))


def export(model, path):
    """Writes the ONNX file; the batch dimension is symbolic."""
    model.eval()
    torch.onnx.export(ExportedLandmarks(model).eval(), torch.zeros(1, 3, 64, 64), str(path),
                      opset_version=13, input_names=["face"], output_names=["landmarks"],
                      dynamic_axes={"face": {0: "batch"}, "landmarks": {0: "batch"}})
    model.train()


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="DIR", action="append")
    parser.add_argument("--minutes", type=float, default=8.0, help="processor time to spend")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", metavar="FILE", help="weights to go on from")
    parser.add_argument("--weights", default="landmarks.pt", help="where the weights are kept")
    parser.add_argument("--output", required=True, help="ONNX file to write")
    return parser.parse_args()


def main():
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(args.seed)
    views = augment.Views(args.data)
    model = Landmarks()
    if args.resume:
        model.load_state_dict(torch.load(args.resume))
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=1e-3)
    begin, step, mean = time.process_time(), 0, 3.0
    while True:
        done = (time.process_time() - begin) / 60 / args.minutes
        if done >= 1:
            break
        rate = args.rate * min(1, (step + 1) / 100) * (0.505 + 0.495 * math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        face, goal = make_batch(rng, views, args.batch)
        found = model(face)
        loss = F.smooth_l1_loss(found, goal, beta=0.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        distance = (found - goal).detach().reshape(-1, 2).norm(dim=1).mean().item()
        mean += 0.02 * (distance - mean)
        step += 1
        if step % 50 == 0:
            spent = time.process_time() - begin
            print(f"step {step} {spent:.0f} s distance {mean:.3f} pixels", flush=True)
        if step % 500 == 0:
            torch.save(model.state_dict(), args.weights)
            export(model, args.output)
    torch.save(model.state_dict(), args.weights)
    export(model, args.output)


if __name__ == "__main__":
    main()
