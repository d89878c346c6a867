"""The application in Python: detection, landmarks, vector, gallery; reference of the pipeline."""

import json
import pathlib

import cv2
import numpy as np
import torch

from align import crop, similarity as alignment
from onnx_model import OnnxModel

STRIDES = (8, 16, 32)
INPUT_W, INPUT_H = 640, 360
NMS_IOU = 0.45
VECTOR_SCALE = 254.0
REFINEMENTS = 2


def iou(box, boxes):
    """Intersection over union of one box [4] with boxes [n, 4]."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inter = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return inter / np.maximum(area - inter, 1e-9)


class Recogniser:
    """The three models with their conventions."""

    def __init__(self, models, score=0.5):
        models = pathlib.Path(models)
        self.detector = OnnxModel(models / "detector.onnx")
        self.landmarks = OnnxModel(models / "landmarks.onnx")
        self.embedder = OnnxModel(models / "embedder.onnx")
        self.score = score

    def detect(self, picture):
        """Faces of an RGB picture uint8 [h, w, 3]: boxes [n, 4], scores [n], landmarks [n, 5, 2].

        Best score first.
        """
        height, width = picture.shape[:2]
        s = min(1.0, INPUT_W / width, INPUT_H / height)
        canvas = np.zeros((INPUT_H, INPUT_W, 3), np.float32)
        w, h = int(round(width * s)), int(round(height * s))
        small = picture if s == 1 else cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
        canvas[:h, :w] = (small.astype(np.float32) - 127.5) / 127.5
        out = self.detector(torch.from_numpy(canvas.transpose(2, 0, 1)[None].copy()))
        rows = []
        for stride in STRIDES:
            score = out[f"score_{stride}"][0, 0].numpy()
            box = out[f"box_{stride}"][0].numpy()
            marks = out[f"landmarks_{stride}"][0].numpy()
            for r, c in zip(*np.nonzero(score >= self.score)):
                x, y, d, m = c * stride, r * stride, box[:, r, c] * stride, marks[:, r, c] * stride
                points = [v + (x if k % 2 == 0 else y) for k, v in enumerate(m)]
                rows.append([score[r, c], x - d[0], y - d[1], x + d[2], y + d[3]] + points)
        rows = np.array(sorted(rows, reverse=True), np.float64).reshape(-1, 15)
        kept = []
        while len(rows):
            kept.append(rows[0])
            rows = rows[1:][iou(rows[0, 1:5], rows[1:, 1:5]) <= NMS_IOU]
        kept = np.array(kept).reshape(-1, 15)
        kept[:, 1:] /= s
        kept[:, 1:5] = np.clip(kept[:, 1:5], 0, [width, height, width, height])
        return kept[:, 1:5], kept[:, 0], kept[:, 5:].reshape(-1, 5, 2)

    def refine(self, picture, landmarks):
        """The landmarks [n, 5, 2] found anew, twice, in the crops that the ones before align."""
        for _ in range(REFINEMENTS):
            if len(landmarks) == 0:
                break
            found = self.landmarks(_faces(picture, landmarks))["landmarks"].numpy()
            pairs = zip(landmarks, found.reshape(-1, 5, 2).astype(np.float64))
            landmarks = np.stack([_undo(alignment(old), new) for old, new in pairs])
        return landmarks

    def embed(self, picture, landmarks):
        """Normalised vectors float [n, 128] of the faces with these landmarks [n, 5, 2]."""
        if len(landmarks) == 0:
            return np.zeros((0, 128), np.float32)
        vectors = self.embedder(_faces(picture, landmarks))["embedding"].numpy()
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _undo(matrix, points):
    """The points [5, 2] that a similarity transform takes to `points`."""
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def _faces(picture, landmarks):
    """Input of the networks for faces: float [n, 3, 64, 64]."""
    crops = np.stack([crop(picture, points) for points in landmarks]).astype(np.float32)
    return torch.from_numpy((crops - 127.5) / 127.5).permute(0, 3, 1, 2).contiguous()


def quantise(vectors):
    """Normalised vectors to int8."""
    return np.clip(np.rint(vectors * VECTOR_SCALE), -127, 127).astype(np.int8)


def similarity(vectors, gallery):
    """Cosine [n, m] of int8 vectors."""
    a, b = vectors.astype(np.float32), gallery.astype(np.float32)
    norms = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :]
    return a @ b.T / np.maximum(norms, 1e-9)


def enrol(recogniser, folder):
    """Names and int8 vectors [n, 128] of the people whose photographs lie in folder/NAME/*.jpg."""
    names, vectors = [], []
    for home in sorted(p for p in pathlib.Path(folder).iterdir() if p.is_dir()):
        found = []
        for path in sorted(home.glob("*.jpg")):
            picture = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
            boxes, scores, marks = recogniser.detect(picture)
            if len(boxes) == 0:
                print(f"{path}: no face found")
                continue
            found.append(recogniser.embed(picture, recogniser.refine(picture, marks[:1]))[0])
        if found:
            mean = np.mean(found, axis=0)
            names.append(home.name)
            vectors.append(quantise(mean / np.linalg.norm(mean)))
    return names, np.stack(vectors)


def read_truth(path):
    """The rows of a ground-truth file."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def match(boxes, scores, faces):
    """Pairs detections with truth at IoU 0.5, best score first.

    Returns (index of the face or -1 wrong or -2 ignored) per detection. A detection that lies with
    half its area or more on an ignored face counts neither way.
    """
    out = np.full(len(boxes), -1)
    if not faces:
        return out
    truth = np.array([f["box"] for f in faces], np.float64)
    ignored = np.array([bool(f.get("ignore")) for f in faces])
    free = ~ignored
    for i in np.argsort(-np.asarray(scores)):
        overlap = iou(boxes[i], truth) * free
        best = int(np.argmax(overlap))
        if overlap[best] >= 0.5:
            out[i], free[best] = best, False
            continue
        low = np.maximum(boxes[i][:2], truth[:, :2])
        high = np.minimum(boxes[i][2:], truth[:, 2:])
        inter = np.prod(np.clip(high - low, 0, None), axis=1)
        if np.any(ignored & (inter >= 0.5 * np.prod(boxes[i][2:] - boxes[i][:2]))):
            out[i] = -2
    return out
