"""Cluttered places behind the people, and moving things that look a little like heads.

Walls, wood, sand, fruit and balloons take the colours of skin; balls, clocks, lamps and plates have
the shape of heads: neither colour nor roundness alone finds a face.
"""

import cairo
import numpy as np

from head import curve
from identity import CLOTHS, SKINS
from paint import ellipse, fill, shade, stroke

WIDTH, HEIGHT = 1440, 800  # the camera sees 1280 x 720 of it and drifts
THEMES = ("room", "street", "market", "hall")


def _skinlike(rng):
    base = np.array(SKINS[int(rng.integers(len(SKINS)))]) + rng.normal(0, 0.03, 3)
    return tuple(np.clip(base, 0.05, 1.0))


def _any_colour(rng):
    if rng.random() < 0.4:
        return _skinlike(rng)
    if rng.random() < 0.5:
        return CLOTHS[int(rng.integers(len(CLOTHS)))]
    bright = rng.uniform(0.15, 0.9, 3)
    return tuple(0.55 * bright + 0.45 * bright.mean())


def _rect(ctx, x, y, w, h, colour):
    ctx.rectangle(x, y, w, h)
    ctx.set_source_rgb(*colour)
    ctx.fill()


def _wall(ctx, rng, top, bottom, colour):
    gradient = cairo.LinearGradient(0, top, WIDTH * 0.6, bottom)
    gradient.add_color_stop_rgb(0, *shade(colour, 1.15))
    gradient.add_color_stop_rgb(1, *shade(colour, 0.8))
    ctx.rectangle(0, top, WIDTH, bottom - top)
    ctx.set_source(gradient)
    ctx.fill()


def _planks(ctx, rng, top, bottom, colour, size):
    _rect(ctx, 0, top, WIDTH, bottom - top, shade(colour, 0.6))
    y = top
    while y < bottom:
        x = -rng.uniform(0, 200)
        while x < WIDTH:
            w = rng.uniform(120, 320)
            _rect(ctx, x, y, w - 2, size - 2, shade(colour, rng.uniform(0.82, 1.1)))
            x += w
        y += size


def _bricks(ctx, rng, top, bottom, colour):
    _rect(ctx, 0, top, WIDTH, bottom - top, shade(colour, 0.62))
    for row, y in enumerate(np.arange(top, bottom, 26.0)):
        for x in np.arange(-60.0 + 30 * (row % 2), WIDTH, 60.0):
            _rect(ctx, x, y, 57, 23, shade(colour, rng.uniform(0.8, 1.12)))


def _picture(ctx, rng, x, y):
    w, h = rng.uniform(70, 170), rng.uniform(70, 150)
    _rect(ctx, x, y, w, h, shade(_skinlike(rng), 0.55))
    _rect(ctx, x + 8, y + 8, w - 16, h - 16, _any_colour(rng))
    for _ in range(int(rng.integers(1, 5))):
        r = rng.uniform(8, 0.28 * min(w, h))
        cx, cy = x + rng.uniform(0.3, 0.7) * w, y + rng.uniform(0.3, 0.7) * h
        fill(ctx, ellipse(cx, cy, r, r * rng.uniform(0.6, 1.3)), _any_colour(rng), 0.9)


def _shelf(ctx, rng, x, y):
    w = rng.uniform(180, 360)
    for row in range(int(rng.integers(1, 4))):
        base = y + row * 84
        _rect(ctx, x, base, w, 9, shade(SKINS[4], 0.8))
        at = x + 6
        while at < x + w - 30:
            if rng.random() < 0.75:
                bw, bh = rng.uniform(9, 24), rng.uniform(38, 68)
                _rect(ctx, at, base - bh, bw, bh, _any_colour(rng))
                at += bw + 2
            else:
                r = rng.uniform(14, 26)
                fill(ctx, ellipse(at + r, base - r, r, r), _any_colour(rng))
                at += 2 * r + 4


def _clock(ctx, rng, x, y, r=None):
    r = r or rng.uniform(20, 55)
    fill(ctx, ellipse(x, y, r, r, count=28), shade(_skinlike(rng), 0.5))
    fill(ctx, ellipse(x, y, 0.86 * r, 0.86 * r, count=28), shade(_skinlike(rng), 1.1))
    for k in range(12):
        c, s = np.cos(k * np.pi / 6), np.sin(k * np.pi / 6)
        line = np.array([(x + 0.68 * r * c, y + 0.68 * r * s), (x + 0.8 * r * c, y + 0.8 * r * s)])
        stroke(ctx, line, (0.1, 0.1, 0.1), 0.05 * r)
    for length in (0.45, 0.65):
        a = rng.uniform(0, 2 * np.pi)
        hand = np.array([(x, y), (x + length * r * np.cos(a), y + length * r * np.sin(a))])
        stroke(ctx, hand, (0.1, 0.1, 0.1), 0.06 * r)


def _window(ctx, rng, x, y):
    w, h = rng.uniform(90, 190), rng.uniform(110, 210)
    _rect(ctx, x - 7, y - 7, w + 14, h + 14, shade(_any_colour(rng), 0.7))
    _rect(ctx, x, y, w, h, shade((0.6, 0.75, 0.88), rng.uniform(0.6, 1.2)))
    _rect(ctx, x + w / 2 - 3, y, 6, h, (0.9, 0.9, 0.88))
    _rect(ctx, x, y + h / 2 - 3, w, 6, (0.9, 0.9, 0.88))


def _tree(ctx, rng, x, y):
    _rect(ctx, x - 9, y, 18, 190, (0.36, 0.24, 0.15))
    leaf = _skinlike(rng) if rng.random() < 0.3 else (0.25, rng.uniform(0.35, 0.55), 0.22)
    for _ in range(12):
        r = rng.uniform(24, 52)
        fill(ctx, ellipse(x + rng.normal(0, 38), y + rng.normal(-30, 30), r, r),
             shade(leaf, rng.uniform(0.75, 1.2)), 0.95)


def _plant(ctx, rng, x, y):
    pot = _skinlike(rng)
    fill(ctx, np.array([(x - 34, y), (x + 34, y), (x + 24, y + 64), (x - 24, y + 64)]), pot)
    for _ in range(9):
        a, n = rng.uniform(-2.6, -0.5), rng.uniform(60, 130)
        tip = (x + n * np.cos(a), y + n * np.sin(a))
        mid = (x + 0.5 * n * np.cos(a) - 14, y + 0.6 * n * np.sin(a))
        mid2 = (x + 0.5 * n * np.cos(a) + 14, y + 0.6 * n * np.sin(a))
        fill(ctx, curve([(x, y), mid, tip, mid2], closed=True),
             shade((0.22, 0.45, 0.24), rng.uniform(0.7, 1.3)))


def _crate(ctx, rng, x, y):
    w = rng.uniform(130, 240)
    fruit = _skinlike(rng) if rng.random() < 0.7 else (0.75, 0.25, 0.2)
    for _ in range(int(w / 7)):
        r = rng.uniform(12, 24)
        cx, cy = x + rng.uniform(8, w - 8), y + rng.uniform(-22, 8)
        fill(ctx, ellipse(cx, cy, r, r), shade(fruit, rng.uniform(0.8, 1.1)))
        fill(ctx, ellipse(cx - 0.3 * r, cy - 0.3 * r, 0.25 * r, 0.25 * r, count=8), (1, 1, 1), 0.5)
    _rect(ctx, x, y, w, 58, shade(SKINS[3], 0.8))
    for k in (18, 38):
        _rect(ctx, x, y + k, w, 3, shade(SKINS[3], 0.5))


def _lamp(ctx, rng, x, y):
    r = rng.uniform(18, 42)
    _rect(ctx, x - 1, 0, 3, y, (0.15, 0.15, 0.15))
    fill(ctx, ellipse(x, y, r, r), (1.0, 0.90, 0.66))
    stroke(ctx, ellipse(x, y, r, r), (0.5, 0.4, 0.25), 3, closed=True)


def _ovals(ctx, rng, x, y):
    """Plain head-shaped things: hat stands, vases, plates."""
    r = rng.uniform(16, 60)
    skin = _skinlike(rng)
    _rect(ctx, x - 0.2 * r, y + 0.8 * r, 0.4 * r, 1.2 * r, shade(skin, 0.7))
    fill(ctx, ellipse(x, y, 0.78 * r, r), skin)
    if rng.random() < 0.5:
        cap = curve([(x - 0.8 * r, y - 0.2 * r), (x, y - 1.25 * r), (x + 0.8 * r, y - 0.2 * r),
                     (x, y - 0.45 * r)], closed=True)
        fill(ctx, cap, shade(_any_colour(rng), 0.5))


def _scatter(ctx, rng, draw, count, x_range, y_range):
    for _ in range(count):
        draw(ctx, rng, rng.uniform(*x_range), rng.uniform(*y_range))


def draw_backdrop(seed):
    """A place as a cairo RGB24 surface of WIDTH x HEIGHT."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 0xBACD]))
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, WIDTH, HEIGHT)
    ctx = cairo.Context(surface)
    ctx.set_line_cap(cairo.LINE_CAP_ROUND)
    theme = THEMES[int(rng.integers(len(THEMES)))]
    floor = rng.uniform(500, 620)
    colour = _skinlike(rng) if rng.random() < 0.55 else _any_colour(rng)
    if theme == "street":
        _wall(ctx, rng, 0, floor, (0.62, 0.78, 0.92))
        x = -40.0
        while x < WIDTH:
            w, top = rng.uniform(180, 360), rng.uniform(20, 200)
            house = _any_colour(rng)
            _rect(ctx, x, top, w, floor - top, house)
            for wx in np.arange(x + 24, x + w - 50, 74):
                for wy in np.arange(top + 26, floor - 80, 92):
                    _rect(ctx, wx, wy, 42, 58, shade((0.35, 0.45, 0.55), rng.uniform(0.6, 1.5)))
            x += w
        _scatter(ctx, rng, _tree, 5, (0, WIDTH), (260, 400))
    elif theme == "hall" or rng.random() < 0.3:
        _bricks(ctx, rng, 0, floor, colour)
    else:
        _wall(ctx, rng, 0, floor, colour)
        if rng.random() < 0.5:
            _planks(ctx, rng, floor - rng.uniform(120, 260), floor, shade(_skinlike(rng), 0.85), 40)
    _planks(ctx, rng, floor, HEIGHT, shade(_skinlike(rng), rng.uniform(0.6, 1.0)), 34)
    kinds = {"room": (_picture, _shelf, _clock, _window, _plant, _ovals, _lamp),
             "street": (_clock, _plant, _ovals, _crate, _picture),
             "market": (_crate, _crate, _lamp, _picture, _ovals, _plant),
             "hall": (_window, _clock, _ovals, _picture, _lamp, _shelf)}[theme]
    for kind in kinds:
        low = (floor - 150, floor + 60) if kind in (_crate, _plant) else (60, floor - 150)
        _scatter(ctx, rng, kind, int(rng.integers(2, 5)), (20, WIDTH - 120), low)
    surface.flush()
    return surface


class Distractor:
    """A ball, balloon, disc or pole that moves through a scene."""

    def __init__(self, rng):
        self.kind = ("ball", "balloon", "disc", "ball", "clock")[int(rng.integers(5))]
        self.colour = _skinlike(rng) if rng.random() < 0.65 else _any_colour(rng)
        self.radius = float(np.exp(rng.uniform(np.log(14), np.log(58))))
        self.x, self.vx = rng.uniform(0, 1280), rng.uniform(-5, 5)
        self.y, self.phase = rng.uniform(80, 640), rng.uniform(0, 6.28)
        self.rank = rng.uniform(20, 110)  # drawn behind people whose unit is larger
        self.seed = int(rng.integers(1 << 30))

    def place(self, t):
        """Centre in pixels at frame t."""
        x = (self.x + self.vx * t + 200) % 1680 - 200
        if self.kind == "balloon":
            return x + 20 * np.sin(0.05 * t + self.phase), (self.y - 2.0 * t) % 920 - 100
        if self.kind == "ball":
            return x, 640 - abs(np.sin(0.07 * t + self.phase)) * (640 - 0.5 * self.y)
        return x, self.y

    def draw(self, ctx, t):
        """Draws it at frame t."""
        (x, y), r = self.place(t), self.radius
        if self.kind == "clock":
            _clock(ctx, np.random.Generator(np.random.Philox(self.seed)), x, y, r)
            return
        if self.kind == "balloon":
            string = curve([(x, y + r), (x + 6, y + 1.6 * r), (x - 4, y + 2.4 * r)])
            stroke(ctx, string, (0.2, 0.2, 0.2), 1.5)
        gradient = cairo.RadialGradient(x - 0.35 * r, y - 0.35 * r, 0.1 * r, x, y, 1.1 * r)
        gradient.add_color_stop_rgb(0, *shade(self.colour, 1.25))
        gradient.add_color_stop_rgb(1, *shade(self.colour, 0.7))
        pts = ellipse(x, y, 0.85 * r if self.kind == "balloon" else r, r, count=28)
        ctx.move_to(*pts[0])
        for px, py in pts[1:].tolist():
            ctx.line_to(px, py)
        ctx.close_path()
        ctx.set_source(gradient)
        ctx.fill()
        if self.kind == "ball":
            spin = 0.1 * t + self.phase
            band = ellipse(x, y, r * abs(np.cos(spin)) + 1, r, 0.5)
            stroke(ctx, band, shade(self.colour, 0.5), 0.07 * r, closed=True)
        elif self.kind == "disc":
            for dx, dy in ((-0.35, -0.2), (0.3, 0.1), (0.0, 0.5)):
                fill(ctx, ellipse(x + dx * r, y + dy * r, 0.13 * r, 0.13 * r, count=10),
                     shade(self.colour, 0.5))
