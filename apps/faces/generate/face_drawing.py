"""Draws skin, ears, eyes, brows, nose, mouth, beard, marks and glasses of one person."""

import functools

import cairo
import numpy as np

from head import curve, mirrored
from identity import HAIRS, IRISES, LIPS, SKINS
from paint import ellipse, fill, shade, stroke, trace


@functools.lru_cache(maxsize=4096)
def skin_of(person):
    """The colour of a person's skin."""
    base = np.array(SKINS[person.skin]) + np.array(person.skin_shift)
    return tuple(float(v) for v in np.clip(base, 0.0, 1.0))


def hair_of(person):
    """The colour of a person's hair."""
    return HAIRS[person.hair]


def draw_ears(ctx, head):
    """Ears behind the contour of the face; the one turned away disappears behind it."""
    q, unit = head.person, head.pose.unit
    skin = shade(skin_of(q), 0.9)
    for side in (-1, 1):
        x = side * (q.width + 0.35 * q.ear_size)
        pts = head.at(ellipse(x, 0.05, 0.6 * q.ear_size, q.ear_size * 1.05, side * 0.18), -0.02)
        fill(ctx, pts, skin)
        inner = head.at(ellipse(x, 0.05, 0.3 * q.ear_size, q.ear_size * 0.66, side * 0.18), -0.02)
        fill(ctx, inner, shade(skin, 0.82))
        lobe = head.at([(x - side * 0.02, 0.05 + q.ear_size * 1.12)], 0.0)[0]
        if q.earring == "stud":
            fill(ctx, ellipse(*lobe, 0.045 * unit, 0.045 * unit, count=10), (0.95, 0.85, 0.45))
        elif q.earring == "hoop":
            ring = ellipse(lobe[0], lobe[1] + 0.08 * unit, 0.09 * unit, 0.11 * unit, count=14)
            stroke(ctx, ring, (0.92, 0.78, 0.35), 0.035 * unit, closed=True)


def draw_skin(ctx, head):
    """The face itself with a soft shade towards its rim."""
    q, pose = head.person, head.pose
    skin = skin_of(q)
    centre = head.on_face([(0.0, 0.0)])[0]
    gradient = cairo.RadialGradient(*centre, 0.2 * pose.unit, *centre, 1.25 * pose.unit)
    gradient.add_color_stop_rgb(0.0, *shade(skin, 1.06))
    gradient.add_color_stop_rgb(0.6, *skin)
    gradient.add_color_stop_rgb(1.0, *shade(skin, 0.72))
    trace(ctx, head.face_outline())
    ctx.set_source(gradient)
    ctx.fill_preserve()
    ctx.set_source_rgba(*shade(skin, 0.6), 0.6)
    ctx.set_line_width(max(0.4, 0.018 * pose.unit))
    ctx.stroke()
    for side in (-1, 1):
        cheek = head.on_face([(side * 0.42 * q.width / 0.7, 0.28)])[0]
        glow = cairo.RadialGradient(*cheek, 0.0, *cheek, 0.24 * pose.unit)
        strength = 0.42 if q.mark == "blush" else 0.13
        glow.add_color_stop_rgba(0.0, 0.86, 0.30, 0.28, strength)
        glow.add_color_stop_rgba(1.0, 0.86, 0.30, 0.28, 0.0)
        ctx.set_source(glow)
        ctx.arc(*cheek, 0.24 * pose.unit, 0, 2 * np.pi)
        ctx.fill()


@functools.lru_cache(maxsize=4096)
def _freckles(seed):
    rng = np.random.Generator(np.random.Philox(seed))
    side = np.sign(rng.uniform(-1, 1, 26))
    return np.column_stack([side * rng.uniform(0.06, 0.46, 26), rng.uniform(0.08, 0.36, 26)])


def draw_marks(ctx, head):
    """Freckles, a mole, a scar or lines of age."""
    q, unit = head.person, head.pose.unit
    dark = shade(skin_of(q), 0.62)
    side = -1 if q.texture_seed % 2 else 1
    if q.mark == "freckles":
        for x, y in head.on_face(_freckles(q.texture_seed)):
            fill(ctx, ellipse(x, y, 0.021 * unit, 0.021 * unit, count=6), (0.50, 0.27, 0.15), 0.75)
    elif q.mark == "mole":
        x, y = head.on_face([(side * 0.34, 0.40)])[0]
        fill(ctx, ellipse(x, y, 0.045 * unit, 0.045 * unit, count=10), (0.22, 0.12, 0.10))
    elif q.mark == "scar":
        line = head.on_face(curve([(side * 0.30, -0.34), (side * 0.40, 0.0), (side * 0.37, 0.30)]))
        stroke(ctx, line, (0.62, 0.25, 0.25), 0.04 * unit, 0.85)
    elif q.mark == "lines":
        for y in (-0.62, -0.52, -0.42):
            stroke(ctx, head.on_face(curve([(-0.3, y + 0.03), (0, y), (0.3, y + 0.03)])), dark,
                   0.022 * unit, 0.7)
        for s in (-1, 1):
            fold = curve([(s * 0.16, 0.26), (s * 0.27, 0.42), (s * 0.31, 0.60)])
            stroke(ctx, head.on_face(fold), dark, 0.025 * unit, 0.7)


def _eye_points(q, side, opening):
    t = np.arange(20) * (2 * np.pi / 20)
    lid = np.where(np.sin(t) > 0, 1.0, 0.8)
    x = q.eye_size * np.cos(t)
    y = -q.eye_size * q.eye_open * opening * np.sin(t) * lid
    tilt = side * q.eye_tilt
    return np.column_stack([side * q.eye_gap + x, q.eye_y + y - tilt * x])


def draw_eyes(ctx, head):
    """Eye whites, iris, pupil, lids and brows."""
    q, pose = head.person, head.pose
    skin = skin_of(q)
    for side in (-1, 1):
        socket = head.on_face(ellipse(side * q.eye_gap, q.eye_y - 0.02, q.eye_size * 1.35,
                                      q.eye_size * 1.1))
        fill(ctx, socket, shade(skin, 0.8), 0.35)
        pts = head.on_face(_eye_points(q, side, max(0.08, pose.blink)))
        if pose.blink > 0.25:
            ctx.save()
            trace(ctx, pts)
            ctx.set_source_rgb(0.97, 0.96, 0.94)
            ctx.fill_preserve()
            ctx.clip()
            look = 0.25 * q.eye_size * np.sin(pose.yaw)
            x, y = head.on_face([(side * q.eye_gap + look, q.eye_y)])[0]
            r = 0.66 * q.eye_size * pose.unit
            fill(ctx, ellipse(x, y, r, r), IRISES[q.iris])
            fill(ctx, ellipse(x, y, 0.5 * r, 0.5 * r), (0.04, 0.03, 0.03))
            fill(ctx, ellipse(x - 0.3 * r, y - 0.35 * r, 0.2 * r, 0.2 * r, count=8), (1, 1, 1))
            ctx.restore()
        upper = pts[:11] if pose.blink > 0.25 else pts[10:]
        stroke(ctx, upper, (0.12, 0.07, 0.06), 0.042 * pose.unit)
        _draw_brow(ctx, head, side)


def _draw_brow(ctx, head, side):
    q = head.person
    x0, x1 = side * (q.eye_gap - 0.135), side * (q.eye_gap + 0.165)
    y = q.eye_y - q.brow_gap - 0.04
    rise = q.brow_tilt * 0.16
    line = curve([(x0, y + rise), (0.5 * (x0 + x1), y - q.brow_arch), (x1, y - rise + 0.03)])
    colour = shade(hair_of(q), 0.75)
    stroke(ctx, head.on_face(line), colour, q.brow_thick * head.pose.unit, 0.95)


def draw_nose(ctx, head):
    """One of three noses, shaded on one side."""
    q, unit = head.person, head.pose.unit
    dark = shade(skin_of(q), 0.66)
    top, tip, w = q.eye_y + 0.06, q.eye_y + q.nose_len, q.nose_width
    side = -1.0 if head.pose.yaw > 0.05 else 1.0
    if q.nose_kind == 0:  # a bridge line with a rounded tip
        line = curve([(side * 0.05, top), (side * 0.07, tip - 0.14), (side * w * 0.9, tip - 0.03),
                      (side * w * 0.5, tip + 0.04), (-side * w * 0.5, tip + 0.03)])
        stroke(ctx, head.on_face(line, 0.10), dark, 0.034 * unit, 0.85)
    elif q.nose_kind == 1:  # a button
        pts = head.on_face(ellipse(0.0, tip - 0.03, w, 0.75 * w), 0.10)
        fill(ctx, pts, shade(skin_of(q), 0.86), 0.9)
        stroke(ctx, pts[1:10], dark, 0.032 * unit, 0.9)
    else:  # a wedge
        wedge = [(side * 0.02, top), (side * w, tip), (-side * 0.4 * w, tip + 0.02)]
        wedge = head.on_face(wedge, 0.10)
        fill(ctx, wedge, shade(skin_of(q), 0.80), 0.9)
        stroke(ctx, wedge[1:], dark, 0.034 * unit, 0.9)
    for s in (-1, 1):
        x, y = head.on_face([(s * 0.45 * w, tip + 0.01)], 0.08)[0]
        fill(ctx, ellipse(x, y, 0.030 * unit, 0.022 * unit, count=8), shade(dark, 0.5), 0.8)


def draw_mouth(ctx, head):
    """Lips, and teeth where the mouth is open."""
    q, pose = head.person, head.pose
    lips = LIPS[q.lips] or shade(skin_of(q), 0.74)
    if q.lips == 0:
        lips = (min(1.0, lips[0] * 1.12), lips[1] * 0.86, lips[2] * 0.88)
    w = q.mouth_width * (1.0 + 0.12 * pose.smile)
    corner = q.mouth_y - 0.04 * pose.smile - q.mouth_curve
    gap = 0.11 * pose.mouth_open
    y = q.mouth_y
    upper = [(-w, corner), (-0.35 * w, y - q.lip_full), (0.0, y - 0.7 * q.lip_full),
             (0.35 * w, y - q.lip_full), (w, corner)]
    lower = [(0.5 * w, y + 0.9 * q.lip_full + gap), (0.0, y + 1.25 * q.lip_full + gap),
             (-0.5 * w, y + 0.9 * q.lip_full + gap)]
    fill(ctx, head.on_face(curve(upper + lower, closed=True, steps=4), 0.03), lips)
    line = curve([(-w, corner), (0.0, y + 0.01), (w, corner)])
    if gap > 0.02:
        low = curve([(w, corner), (0.0, y + gap + 0.01), (-w, corner)])
        inside = np.concatenate([line, low])
        fill(ctx, head.on_face(inside * [0.86, 1.0], 0.03), (0.30, 0.07, 0.08))
        teeth = curve([(0.6 * w, y - 0.005), (0.0, y + 0.4 * gap), (-0.6 * w, y - 0.005)])
        fill(ctx, head.on_face(teeth, 0.03), (0.96, 0.95, 0.92))
    else:
        stroke(ctx, head.on_face(line, 0.03), shade(lips, 0.55), 0.03 * pose.unit)


def draw_beard(ctx, head):
    """Hair of the lower face; drawn before the mouth."""
    q, unit = head.person, head.pose.unit
    hair = hair_of(q)
    w, y = q.width, q.mouth_y
    if q.beard in ("full", "long", "stubble"):
        drop = {"full": 1.10, "long": 1.48, "stubble": 1.0}[q.beard]
        jaw = w * (0.18 + 0.72 * q.jaw)
        half = [(0.12, y - 0.115), (0.30, y - 0.09), (0.46 * w / 0.7, y - 0.22), (0.93 * w, 0.10),
                (0.98 * w, 0.22), (jaw * 1.04, 0.60), (jaw * 0.80, min(drop, 0.95) - 0.04),
                (jaw * 0.42, drop)]
        points = curve(mirrored(half), closed=True, steps=4)
        s = np.clip((points[:, 1] - 0.1) / 0.9, 0.0, 1.0)
        pixels = head.at(points, 0.40 * s + 0.04)
        fill(ctx, pixels, hair, 0.42 if q.beard == "stubble" else 1.0)
        if q.beard != "stubble":
            for x in (-0.3, -0.15, 0.0, 0.15, 0.3):
                strand = [(x, y + 0.2), (x * 0.9, drop - 0.12)]
                stroke(ctx, head.at(strand, 0.4), shade(hair, 1.25), 0.02 * unit, 0.6)
    if q.beard == "goatee":
        goat = curve([(-0.17, y + 0.11), (0.17, y + 0.11), (0.16, 0.95), (0.0, 1.12),
                      (-0.16, 0.95)], closed=True)
        fill(ctx, head.at(goat, 0.45), hair)
    if q.beard in ("moustache", "goatee", "full", "long"):
        m = q.mouth_width
        tash = curve([(-1.1 * m, y + 0.02), (-0.6 * m, y - 0.11), (0.0, y - 0.125),
                      (0.6 * m, y - 0.11), (1.1 * m, y + 0.02), (0.5 * m, y - 0.045),
                      (0.0, y - 0.06), (-0.5 * m, y - 0.045)], closed=True, steps=4)
        fill(ctx, head.on_face(tash, 0.05), shade(hair, 0.92))
    if q.beard == "sideburns":
        for s in (-1, 1):
            burn = [(s * w, -0.25), (s * w * 0.84, -0.2), (s * w * 0.74, 0.40),
                    (s * w * 0.93, 0.46)]
            fill(ctx, head.at(curve(burn, closed=True), 0.12), hair)


FRAMES = [(0.10, 0.09, 0.10), (0.55, 0.16, 0.18), (0.20, 0.24, 0.45), (0.72, 0.58, 0.30)]


def draw_glasses(ctx, head):
    """Spectacles; dark ones hide the eyes."""
    q, unit = head.person, head.pose.unit
    if q.glasses == "none":
        return
    colour = FRAMES[int(q.glasses_dark * 3.999)]
    rx, ry = 0.225, 0.19
    width = 0.05 * unit
    inner = []
    for side in (-1, 1):
        cx, cy = side * max(q.eye_gap, 0.27), q.eye_y + 0.02
        if q.glasses in ("round", "dark"):
            lens = ellipse(cx, cy, rx * 0.95, ry * 1.05, count=24)
        elif q.glasses == "cat":
            lens = curve([(cx - side * rx, cy - 0.10), (cx + side * rx * 1.25, cy - 0.24),
                          (cx + side * rx * 0.9, cy + 0.10), (cx, cy + 0.16),
                          (cx - side * rx * 0.9, cy + 0.08)], closed=True)
        else:
            lens = curve([(cx - rx, cy - ry * 0.8), (cx, cy - ry * 0.86), (cx + rx, cy - ry * 0.8),
                          (cx + rx, cy + ry * 0.7), (cx, cy + ry * 0.9), (cx - rx, cy + ry * 0.7)],
                         closed=True)
        pixels = head.on_face(lens, 0.12)
        if q.glasses == "dark":
            fill(ctx, pixels, (0.07, 0.07, 0.09), 0.93)
        else:
            fill(ctx, pixels, (0.85, 0.92, 1.0), 0.16)
        if q.glasses == "half_rim":
            stroke(ctx, head.on_face([(cx - rx, cy - ry * 0.8), (cx + rx, cy - ry * 0.8)], 0.12),
                   colour, width * 1.6)
        else:
            stroke(ctx, pixels, colour, width, closed=True)
        inner.append((cx - side * rx * 0.95, cy - 0.03))
        arm = [(cx + side * rx, cy - 0.05), (side * q.width, cy - 0.02)]
        stroke(ctx, head.at(arm, [0.30, 0.0]), colour, width * 0.8)
    stroke(ctx, head.on_face(curve([inner[0], (0.0, inner[0][1] - 0.05), inner[1]]), 0.14), colour,
           width)
