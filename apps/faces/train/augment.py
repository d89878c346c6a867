"""Drawn views for training: reading them, and what a camera and a crowd do to them."""

import pathlib

import numpy as np


class Views:
    """Views of the people of several folders of make_faces.py."""

    def __init__(self, folders, people=None):
        homes = [pathlib.Path(folder) for folder in folders]
        self._crops = [np.load(home / "crops.npy", mmap_mode="r")[:people] for home in homes]
        self._marks = [np.load(home / "landmarks.npy")[:people] for home in homes]
        self._owners = np.cumsum([0] + [len(part) for part in self._crops])

    @property
    def people(self):
        """How many people there are."""
        return int(self._owners[-1])

    def of(self, person):
        """All views of a person: wide crops uint8 [views, 84, 84, 3], landmarks [views, 5, 2]."""
        part = int(np.searchsorted(self._owners, person, side="right")) - 1
        row = person - self._owners[part]
        return self._crops[part][row], self._marks[part][row].astype(np.float64)

    def draw(self, rng, size):
        """Views of random people: wide crops uint8 [n, 84, 84, 3], landmarks [n, 5, 2], numbers of
        the people [n]."""
        people = rng.integers(0, self.people, size)
        parts = np.searchsorted(self._owners, people, side="right") - 1
        crops, marks = [], []
        for part, row in zip(parts, people - self._owners[parts]):
            view = int(rng.integers(self._crops[part].shape[1]))
            crops.append(self._crops[part][row, view])
            marks.append(self._marks[part][row, view])
        return np.stack(crops), np.stack(marks).astype(np.float64), people


def light(rng, batch):
    """Brightness and colour of each picture of a float batch [n, h, w, 3] change, in place."""
    n = len(batch)
    gain = rng.uniform(0.85, 1.15, (n, 1, 1, 1)) * rng.uniform(0.95, 1.05, (n, 1, 1, 3))
    batch *= gain.astype(np.float32)
    np.clip(batch, 0, 255, out=batch)


def hide(rng, batch):
    """Parts of some pictures of a float batch [n, h, w, 3] vanish, in place: behind a patch of
    another picture or of one colour, or beyond the edge of the picture."""
    n, side = len(batch), batch.shape[1]
    for i in range(n):
        if rng.random() < 0.35:
            w, h = rng.integers(6, 26, 2)
            x, y = rng.integers(0, side - w), rng.integers(0, side - h)
            other = batch[int(rng.integers(n)), y:y + h, x:x + w]
            batch[i, y:y + h, x:x + w] = other if rng.random() < 0.5 else rng.uniform(0, 255, 3)
        if rng.random() < 0.1:
            columns = int(rng.integers(4, 22))
            batch[i, :, slice(0, columns) if rng.random() < 0.5 else slice(side - columns, side)] = 127
