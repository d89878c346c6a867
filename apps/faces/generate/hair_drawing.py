"""Draws hair behind and before the face, and what is worn on the head."""

import functools

import cairo
import numpy as np

from face_drawing import hair_of
from head import curve
from identity import CLOTHS
from paint import ellipse, fill, shade, stroke, trace

BACK = -0.28  # depth of the back of the head: it moves against a turn

# style: (volume, where the sides end, hairline shape, outer edge)
CAPS = {
    "buzz": (0.04, -0.05, "round", "smooth"),
    "side_part": (0.15, -0.02, "swoop", "smooth"),
    "flat_top": (0.12, -0.10, "straight", "flat"),
    "curly": (0.22, 0.05, "round", "scallop"),
    "afro": (0.48, 0.30, "round", "scallop"),
    "spiky": (0.22, -0.10, "jagged", "spikes"),
    "bob": (0.16, 0.45, "bangs", "smooth"),
    "long": (0.14, 0.30, "centre", "smooth"),
    "wavy": (0.20, 0.30, "swoop", "waves"),
    "bun": (0.08, 0.00, "round", "smooth"),
    "pigtails": (0.10, 0.05, "centre", "smooth"),
    "receding": (0.08, 0.00, "receding", "smooth"),
    "curtain": (0.16, 0.18, "centre", "smooth"),
    "side_tail": (0.10, 0.05, "swoop", "smooth"),
}
COVERED = ("cap", "beanie", "headscarf", "turban")


def _hairline(q, shape):
    """The edge of the hair on the forehead from the right temple to the left one, [n, 2]."""
    w, part = q.width, q.hair_parting
    temple = [(0.96 * w, -0.20), (0.86 * w, -0.42)]
    middle = {
        "round": [(0.5 * w, -0.62), (0.0, -0.68), (-0.5 * w, -0.62)],
        "straight": [(0.6 * w, -0.60), (0.0, -0.60), (-0.6 * w, -0.60)],
        "receding": [(0.62 * w, -0.78), (0.28 * w, -0.80), (0.0, -0.66), (-0.28 * w, -0.80),
                     (-0.62 * w, -0.78)],
        "centre": [(0.55 * w, -0.50), (0.06, -0.84), (0.0, -0.88), (-0.06, -0.84),
                   (-0.55 * w, -0.50)],
        "bangs": [(0.6 * w, -0.33), (0.2 * w, -0.30), (-0.2 * w, -0.30), (-0.6 * w, -0.33)],
        "jagged": [(0.66 * w, -0.50), (0.5 * w, -0.66), (0.3 * w, -0.44), (0.1 * w, -0.64),
                   (-0.1 * w, -0.44), (-0.3 * w, -0.66), (-0.5 * w, -0.46), (-0.66 * w, -0.62)],
    }
    if shape == "swoop":
        s = 1 if part >= 0 else -1
        line = [(0.66 * w, -0.50), (0.42 * w, -0.82), (0.1 * w, -0.62), (-0.3 * w, -0.46),
                (-0.7 * w, -0.36)]
        line = [(s * x, y) for x, y in line]
        line = line if s > 0 else line[::-1]
    else:
        line = middle[shape]
    left = [(-x, y) for x, y in temple[::-1]]
    return curve(temple + line + left, steps=4)


@functools.lru_cache(maxsize=4096)
def _cap(q):
    """Outer edge (left to right over the top) and hairline of a person's hair."""
    volume, low, line, edge = CAPS[q.hair_style]
    volume *= q.hair_volume
    t = np.linspace(np.pi, 2 * np.pi, 61)
    x = (q.width + 0.02 + 0.75 * volume) * np.cos(t)
    y = -0.18 + (0.86 + volume) * np.sin(t)
    if edge == "flat":
        x = np.sign(x) * np.abs(x / (q.width + 0.1))**0.55 * (q.width + 0.10)
        y = -0.18 + (0.90 + volume) * np.sign(np.sin(t)) * np.abs(np.sin(t))**0.5
    outer = np.column_stack([x, y])
    bump = {"smooth": 0.0, "flat": 0.0, "scallop": 0.05 + 0.08 * volume, "waves": 0.035,
            "spikes": 0.13}[edge]
    if bump:
        count = {"scallop": 11, "waves": 6, "spikes": 8}[edge]
        phase = np.abs(np.sin(count * (t - np.pi)))
        phase = 1 - phase if edge == "spikes" else phase
        radial = outer - [0.0, -0.18]
        outer = outer + radial * (bump * phase)[:, None]
    left = curve([(-q.width - 0.55 * volume - 0.02, low), (x[0] - 0.01, 0.5 * low - 0.1)], steps=3)
    outer = np.concatenate([left, outer, left[::-1] * [-1, 1]])
    return outer, _hairline(q, line)


def _bottom(q):
    return {"bob": 0.78, "long": 1.75, "wavy": 1.55, "curtain": 0.62}.get(q.hair_style)


def draw_back_hair(ctx, head):
    """Hair that hangs behind face and neck."""
    q, unit = head.person, head.pose.unit
    hair = shade(hair_of(q), 0.72)
    style = q.hair_style
    if q.headwear == "headscarf":
        cloth = shade(CLOTHS[q.cloth], 0.72)
        half = [(q.width + 0.10, -0.5), (q.width + 0.16, 0.2), (q.width + 0.08, 0.8), (0.75, 1.55)]
        fill(ctx, head.at(_hood(half), BACK * 0.5), cloth)
        return
    bottom = _bottom(q)
    if bottom is not None:
        wide = q.width + 0.10 + 0.12 * q.hair_volume
        half = [(wide, -0.45), (wide + 0.03, 0.1), (wide + (0.06 if style == "wavy" else 0.0), 0.6),
                (wide * 0.95, bottom)]
        points = _hood(half)
        if style == "wavy":
            points = points + np.column_stack([0.05 * np.sin(points[:, 1] * 9.0), 0 * points[:, 1]])
        fill(ctx, head.at(points, BACK), hair)
    if style == "bun":
        fill(ctx, head.at(ellipse(0.25 * q.hair_parting, -1.16, 0.30, 0.27), BACK), hair)
    if style == "pigtails":
        for s in (-1, 1):
            tail = [(s * (q.width + 0.02), -0.35), (s * (q.width + 0.42), -0.25),
                    (s * (q.width + 0.45), 0.45), (s * (q.width + 0.22), 0.85),
                    (s * (q.width + 0.12), 0.25)]
            fill(ctx, head.at(curve(tail, closed=True), BACK), hair)
            knot = head.at([(s * (q.width + 0.10), -0.30)], BACK)[0]
            fill(ctx, ellipse(*knot, 0.09 * unit, 0.09 * unit, count=12), CLOTHS[q.cloth])
    if style == "side_tail":
        s = 1 if q.hair_parting >= 0 else -1
        tail = [(s * 0.2, -0.6), (s * (q.width + 0.3), -0.3), (s * (q.width + 0.38), 0.5),
                (s * (q.width + 0.16), 1.35), (s * (q.width - 0.06), 0.7)]
        fill(ctx, head.at(curve(tail, closed=True), BACK), hair)


def _hood(half):
    right = np.asarray(half, np.float64)
    top = np.array([(0.3, -1.0)])
    right = np.concatenate([top, right])
    left = right[::-1] * [-1, 1]
    return curve(np.concatenate([right, left]), closed=True, steps=5)


def draw_front_hair(ctx, head):
    """Hair over the forehead, then whatever is worn on it."""
    q = head.person
    if q.hair_style in CAPS and q.headwear not in ("turban", "headscarf"):
        _draw_cap_of_hair(ctx, head)
    elif q.hair_style == "mohawk" and q.headwear not in COVERED:
        crest = curve([(-0.16, -0.66), (-0.24, -1.02), (-0.13, -1.45), (0.0, -1.30), (0.13, -1.45),
                       (0.24, -1.02), (0.16, -0.66), (0.0, -0.58)], closed=True)
        fill(ctx, head.at(crest, 0.15), hair_of(q))
    draw_headwear(ctx, head)


def _draw_cap_of_hair(ctx, head):
    q, unit = head.person, head.pose.unit
    hair = hair_of(q)
    outer, line = _cap(q)
    if q.headwear in COVERED:
        outer = outer * [0.97, 0.93]
    edge = head.at(outer, BACK * np.clip(-outer[:, 1] + 0.2, 0.0, 1.0))
    front = head.on_face(line, 0.03)
    fill(ctx, np.concatenate([edge, front]), hair, 0.62 if q.hair_style == "buzz" else 1.0)
    if q.hair_style in ("buzz", "receding"):
        return
    rows = np.linspace(0.15, 0.85, 6)
    for index, f in enumerate(rows):  # strands from the hairline to the crown
        a = front[int(f * (len(front) - 1))]
        b = edge[int((1 - f) * (len(edge) - 1))]
        mid = 0.5 * (a + b) + [0.04 * unit * (f - 0.5), -0.02 * unit]
        tone = shade(hair, 1.22 if index % 2 else 0.72)
        stroke(ctx, curve([a, mid, 0.25 * a + 0.75 * b], steps=4), tone, 0.035 * unit, 0.55)


def draw_headwear(ctx, head):
    """Cap, beanie, scarf, turban or hairband in the person's cloth colour."""
    q = head.person
    cloth, w = CLOTHS[q.cloth], q.width
    if q.headwear == "hairband":
        band = curve([(-w * 1.02, -0.40), (0.0, -0.80), (w * 1.02, -0.40)])
        stroke(ctx, head.on_face(band, 0.10), cloth, 0.15 * head.pose.unit)
    elif q.headwear in ("cap", "beanie"):
        _draw_hat(ctx, head, cloth)
    elif q.headwear == "turban":
        _draw_turban(ctx, head, cloth)
    elif q.headwear == "headscarf":
        _draw_headscarf(ctx, head, cloth)


def _draw_hat(ctx, head, cloth):
    q, unit, w = head.person, head.pose.unit, head.person.width
    t = np.linspace(np.pi, 2 * np.pi, 25)
    dome = np.column_stack([(w + 0.10) * np.cos(t), -0.46 + 0.72 * np.sin(t)])
    rim = curve([(w + 0.06, -0.42), (0.4, -0.56), (0.0, -0.60), (-0.4, -0.56),
                 (-w - 0.06, -0.42)])
    crown = head.at(dome, BACK * np.clip(-dome[:, 1] - 0.4, 0.0, 1.0))
    fill(ctx, np.concatenate([crown, head.on_face(rim, 0.05)]), cloth)
    if q.headwear == "cap":
        peak = curve([(-w * 0.9, -0.50), (0.0, -0.66), (w * 0.9, -0.50), (0.45, -0.36),
                      (-0.45, -0.36)], closed=True)
        fill(ctx, head.on_face(peak, 0.30), shade(cloth, 0.68))
    else:
        stroke(ctx, head.on_face(rim, 0.07), shade(cloth, 0.72), 0.20 * unit)
        top = head.at([(0.0, -1.22)], BACK)[0]
        fill(ctx, ellipse(*top, 0.15 * unit, 0.15 * unit, count=14), shade(cloth, 1.35))


def _draw_turban(ctx, head, cloth):
    unit, w = head.pose.unit, head.person.width
    t = np.linspace(np.pi, 2 * np.pi, 25)
    wrap = np.column_stack([(w + 0.20) * np.cos(t), -0.44 + 0.86 * np.sin(t)])
    rim = curve([(w + 0.10, -0.36), (0.3, -0.54), (0.0, -0.66), (-0.3, -0.54),
                 (-w - 0.10, -0.36)])
    fill(ctx, np.concatenate([head.at(wrap, BACK * 0.6), head.on_face(rim, 0.05)]), cloth)
    for s in (-1, 1):
        for k in (0.35, 0.6, 0.85):
            fold = curve([(0.0, -0.60 - 0.1 * k), (s * k * w * 0.7, -0.72),
                          (s * k * (w + 0.2), -0.50 - 0.3 * (1 - k))])
            stroke(ctx, head.on_face(fold, 0.08), shade(cloth, 0.70), 0.035 * unit, 0.8)


def _draw_headscarf(ctx, head, cloth):
    q, w = head.person, head.person.width
    outer = curve([(-w * 0.75, 1.12), (-w - 0.13, 0.5), (-w - 0.16, -0.3), (-w * 0.7, -0.98),
                   (0.0, -1.16), (w * 0.7, -0.98), (w + 0.16, -0.3), (w + 0.13, 0.5),
                   (w * 0.75, 1.12), (0.0, 1.42)], closed=True)
    inner = curve([(-w * 0.84, 0.0), (-w * 0.80, -0.40), (0.0, -0.70), (w * 0.80, -0.40),
                   (w * 0.84, 0.0), (w * 0.80 * q.jaw + 0.05, 0.58), (0.0, 1.0),
                   (-w * 0.80 * q.jaw - 0.05, 0.58)], closed=True)
    ctx.set_fill_rule(cairo.FILL_RULE_EVEN_ODD)
    trace(ctx, head.at(outer, 0.0))
    trace(ctx, head.at(inner, 0.22))
    ctx.set_source_rgb(*cloth)
    ctx.fill()
    ctx.set_fill_rule(cairo.FILL_RULE_WINDING)
    stroke(ctx, head.at(inner, 0.22), shade(cloth, 0.7), 0.035 * head.pose.unit, closed=True)
