#!/usr/bin/env python3
"""Trains the face embedder with a cosine-margin loss and exports it.

  train/make_faces.py --people 5000 --views 20 --output DIR
  train/train_embedder.py --data DIR --minutes 15 --output models/embedder.onnx
"""

import argparse
import math
import pathlib
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from networks import Embedder, ExportedEmbedder


def misalign(rng, face):
    """Moves, turns and scales a crop as the errors of found landmarks do."""
    turn = rng.normal(0, 0.05)
    zoom = float(np.exp(rng.normal(0, 0.07)))
    stretch = float(np.exp(rng.normal(0, 0.03)))
    c, s = np.cos(turn) * zoom, np.sin(turn) * zoom
    matrix = np.array([[c * stretch, -s, 0.0], [s, c / stretch, 0.0]])
    centre = np.array([32.0, 40.0])
    matrix[:, 2] = centre + rng.normal(0, 1.3, 2) - matrix[:, :2] @ centre
    return cv2.warpAffine(face, matrix, (64, 64), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)


def augment(rng, batch):
    """Random light, colour, hidden patches, shifts; float [n, 64, 64, 3] in 0..255."""
    n = len(batch)
    batch = batch.astype(np.float32)
    gain = rng.uniform(0.85, 1.15, (n, 1, 1, 1)) * rng.uniform(0.95, 1.05, (n, 1, 1, 3))
    batch *= gain.astype(np.float32)
    for i in range(n):
        if rng.random() < 0.35:
            w, h = rng.integers(6, 26, 2)
            x, y = rng.integers(0, 64 - w), rng.integers(0, 64 - h)
            other = batch[int(rng.integers(n)), y:y + h, x:x + w]
            batch[i, y:y + h, x:x + w] = other if rng.random() < 0.5 else rng.uniform(0, 255, 3)
        if rng.random() < 0.8:
            batch[i] = misalign(rng, batch[i])
        if rng.random() < 0.1:  # cut by the edge of the picture
            columns = int(rng.integers(4, 22))
            batch[i, :, slice(0, columns) if rng.random() < 0.5 else slice(64 - columns, 64)] = 127
    return np.clip(batch, 0, 255)


def export(model, path):
    """Writes the ONNX file; the batch dimension is symbolic."""
    model.eval()
    torch.onnx.export(ExportedEmbedder(model).eval(), torch.zeros(1, 3, 64, 64), str(path),
                      opset_version=13, input_names=["face"], output_names=["embedding"],
                      dynamic_axes={"face": {0: "batch"}, "embedding": {0: "batch"}})
    model.train()


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="DIR", action="append")
    parser.add_argument("--people", type=int, help="use only the first so many of each folder")
    parser.add_argument("--minutes", type=float, default=15.0, help="processor time to spend")
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--margin", type=float, default=0.30)
    parser.add_argument("--scale", type=float, default=28.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", metavar="FILE", help="weights to go on from")
    parser.add_argument("--weights", default="embedder.pt", help="where the weights are kept")
    parser.add_argument("--output", required=True, help="ONNX file to write")
    return parser.parse_args()


def draw_batch(rng, data, owners, size):
    """Faces float [n, 3, 64, 64] of random people and the numbers of these people [n]."""
    people = rng.integers(0, owners[-1], size)
    crops = []
    for person in people:
        part = int(np.searchsorted(owners, person, side="right")) - 1
        rows = data[part][person - owners[part]]
        crops.append(rows[int(rng.integers(len(rows)))])
    batch = (augment(rng, np.stack(crops)) - 127.5) / 127.5
    face = torch.from_numpy(batch).permute(0, 3, 1, 2).contiguous()
    return face, torch.from_numpy(people)


def main():
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(args.seed)
    data = [np.load(pathlib.Path(d) / "crops.npy", mmap_mode="r")[:args.people] for d in args.data]
    owners = np.cumsum([0] + [len(d) for d in data])
    model = Embedder()
    proxies = torch.nn.Parameter(F.normalize(torch.randn(int(owners[-1]), 128)))
    if args.resume:
        kept = torch.load(args.resume)
        model.load_state_dict(kept["model"])
        if kept["proxies"].shape == proxies.shape:
            proxies.data.copy_(kept["proxies"])
    optimiser = torch.optim.AdamW([{"params": model.parameters(), "weight_decay": 5e-4},
                                   {"params": [proxies], "weight_decay": 0.0}], lr=args.rate)
    begin, step, mean, right = time.process_time(), 0, 10.0, 0.0
    while True:
        done = (time.process_time() - begin) / 60 / args.minutes
        if done >= 1:
            break
        rate = args.rate * min(1, (step + 1) / 200) * (0.505 + 0.495 * math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        face, label = draw_batch(rng, data, owners, args.batch)
        cosine = F.normalize(model(face)) @ F.normalize(proxies).t()
        margin = args.margin * min(1.0, 2.5 * done)
        logits = args.scale * (cosine - margin * F.one_hot(label, cosine.shape[1]))
        loss = F.cross_entropy(logits, label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean = 0.98 * mean + 0.02 * loss.item()
        right = 0.98 * right + 0.02 * (cosine.argmax(1) == label).float().mean().item()
        step += 1
        if step % 50 == 0:
            spent = time.process_time() - begin
            print(f"step {step} {spent:.0f} s loss {mean:.3f} right {right:.3f}", flush=True)
        if step % 500 == 0:
            torch.save({"model": model.state_dict(), "proxies": proxies.data}, args.weights)
            export(model, args.output)
    torch.save({"model": model.state_dict(), "proxies": proxies.data}, args.weights)
    export(model, args.output)


if __name__ == "__main__":
    main()
