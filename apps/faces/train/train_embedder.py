#!/usr/bin/env python3
"""Trains the face embedder with a cosine-margin loss and exports it.

  train/make_faces.py --people 5000 --views 20 --output DIR
  train/train_embedder.py --data DIR --minutes 15 --output models/embedder.onnx
  train/train_embedder.py --data DIR --resume models/embedder.onnx --rate 1e-3 --output FILE
"""

import argparse
import math
import time

import cv2
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

import align
import augment
from networks import Embedder, ExportedEmbedder


def align_again(rng, crop, marks):
    """A wide crop aligned by landmarks as the application finds them, uint8 [64, 64, 3].

    On validation videos they are off by 2 % of the width of a face, 0.75 pixels of the crop, in the
    mean; the errors here are a little larger.
    """
    spread = math.exp(rng.normal(0.0, 0.6))
    errors = rng.normal(0, 0.45 * spread, (5, 2)) + rng.normal(0, 0.45 * spread, 2)
    return align.warp(crop, align.similarity(marks + errors), align.SIDE)


def make_batch(rng, views, size):
    """Faces float [n, 3, 64, 64] of random people and the numbers of these people [n]."""
    crops, marks, people = views.draw(rng, size)
    batch = np.stack([align_again(rng, crop, five) for crop, five in zip(crops, marks)])
    batch = batch.astype(np.float32)
    augment.light(rng, batch)
    augment.hide(rng, batch)
    return to_input(batch), torch.from_numpy(people)


def to_input(batch):
    """Pictures [n, 64, 64, 3] as the network takes them."""
    batch = (batch.astype(np.float32) - 127.5) / 127.5
    return torch.from_numpy(batch).permute(0, 3, 1, 2).contiguous()


def unfold(model, path, face):
    """Loads an exported file, whose convolutions hold the batch normalisations, into a model.

    The statistics of each normalisation are measured on `face`, and its factors chosen such that
    the network computes the same as the file.
    """
    graph = onnx.load(path).graph
    stored = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy())
              for t in graph.initializer}
    nodes = [n for n in graph.node if n.op_type in ("Conv", "Gemm")]
    layers = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    norms = [m for m in model.modules()
             if isinstance(m, (torch.nn.BatchNorm2d, torch.nn.BatchNorm1d))]
    shapes = [tuple(stored[n.input[1]].shape) for n in nodes]
    if shapes != [tuple(layer.weight.shape) for layer in layers]:
        raise ValueError(f"{path} is another network: its weights are {shapes}")
    hooks = []
    for node, layer, norm in zip(nodes, layers, norms):
        layer.weight.data.copy_(stored[node.input[1]])

        def measure(_, __, output, norm=norm, bias=stored[node.input[2]]):
            rows = output.transpose(0, 1).flatten(1)  # [channels, rest]
            norm.running_mean.copy_(rows.mean(1))
            norm.running_var.copy_(rows.var(1))
            norm.weight.data.copy_(torch.sqrt(norm.running_var + norm.eps))
            norm.bias.data.copy_(bias + norm.running_mean)

        hooks.append(layer.register_forward_hook(measure))
    model.eval()
    with torch.no_grad():
        model(face)
    model.train()
    for hook in hooks:
        hook.remove()


def mean_embeddings(model, views):
    """The normalised mean of the embeddings of each person's views [people, 128]."""
    model.eval()
    means = []
    with torch.no_grad():
        for person in range(views.people):
            crops, marks = views.of(person)
            faces = np.stack([align.warp(crop, align.similarity(five), align.SIDE)
                              for crop, five in zip(crops, marks)])
            means.append(F.normalize(model(to_input(faces))).mean(0))
    model.train()
    return F.normalize(torch.stack(means))


def resume(path, model, proxies, rng, views):
    """Takes up weights (.pt) or an exported network (.onnx); proxies of other people than those of
    the weights are measured."""
    if path.endswith(".onnx"):
        unfold(model, path, make_batch(rng, views, 1024)[0])
    else:
        kept = torch.load(path)
        model.load_state_dict(kept["model"])
        if kept["proxies"].shape == proxies.shape:
            proxies.data.copy_(kept["proxies"])
            return
    proxies.data.copy_(mean_embeddings(model, views))


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
    parser.add_argument("--resume", metavar="FILE", help="weights (.pt) or an exported network (.onnx) to go on from")
    parser.add_argument("--weights", default="embedder.pt", help="where the weights are kept")
    parser.add_argument("--output", required=True, help="ONNX file to write")
    return parser.parse_args()


def main():
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(args.seed)
    views = augment.Views(args.data, args.people)
    model = Embedder()
    proxies = torch.nn.Parameter(F.normalize(torch.randn(views.people, 128)))
    if args.resume:
        resume(args.resume, model, proxies, rng, views)
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
        face, label = make_batch(rng, views, args.batch)
        cosine = F.normalize(model(face)) @ F.normalize(proxies).t()
        margin = args.margin * (1.0 if args.resume else min(1.0, 2.5 * done))
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
