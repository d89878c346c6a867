"""A whole person: body, head, what they hold, the light on them and how sharply they are seen."""

import dataclasses

import cairo
import numpy as np

from face_drawing import (draw_beard, draw_ears, draw_eyes, draw_glasses, draw_marks, draw_mouth,
                          draw_nose, draw_skin, skin_of)
from hair_drawing import draw_back_hair, draw_front_hair
from head import Head, curve
from identity import CLOTHS
from paint import ellipse, fill, shade, stroke, trace

LEGS = 9.5  # where the feet are, in half face heights below the centre of the face
PROPS = ("none", "mug", "phone", "hand", "book")


@dataclasses.dataclass(frozen=True)
class Look:
    """What changes from one appearance of a person to the next."""

    cloth: int
    collar: int  # 0 round, 1 shirt, 2 stripes, 3 scarf
    prop: str = "none"
    prop_side: float = 0.3
    prop_rise: float = 0.0  # 0 not raised .. 1 before the mouth


def draw_body(ctx, head, look, bottom):
    """Neck and shoulders down to the row `bottom`."""
    q, pose = head.person, head.pose
    u, x, y = pose.unit, pose.x, pose.y
    skin = shade(skin_of(q), 0.84)
    neck = 0.36 * u
    lean = 0.18 * u * np.sin(pose.roll)
    points = [(x - neck - lean, y + 0.5 * u), (x + neck - lean, y + 0.5 * u),
              (x + neck * 1.15, y + 1.5 * u), (x - neck * 1.15, y + 1.5 * u)]
    fill(ctx, np.array(points), skin)
    cloth = CLOTHS[look.cloth]
    waist = y + 5.0 * u
    if waist < bottom:
        trousers = shade(CLOTHS[(look.cloth + 5) % len(CLOTHS)], 0.55)
        for s in (-1, 1):
            leg = np.array([(x + s * 0.55 * u, waist - 0.3 * u), (x + s * 0.62 * u, y + LEGS * u)])
            stroke(ctx, leg, trousers, 1.0 * u)
    top = [(x - 1.15 * u, waist), (x - 1.25 * u, y + 3.2 * u), (x - 1.5 * u, y + 2.1 * u),
           (x - 1.05 * u, y + 1.55 * u),
           (x - 0.42 * u, y + 1.28 * u), (x, y + 1.50 * u), (x + 0.42 * u, y + 1.28 * u),
           (x + 1.05 * u, y + 1.55 * u), (x + 1.5 * u, y + 2.1 * u), (x + 1.25 * u, y + 3.2 * u),
           (x + 1.15 * u, waist)]
    shape = curve(top, steps=4)
    fill(ctx, shape, cloth)
    stroke(ctx, curve(top[4:7], steps=5), shade(cloth, 0.7), 0.07 * u)
    for s in (-1, 1):
        arm = [(x + s * 1.30 * u, y + 2.1 * u), (x + s * 1.62 * u, y + 3.4 * u),
               (x + s * 1.55 * u, y + 4.7 * u)]
        fill(ctx, ellipse(x + s * 1.55 * u, y + 4.95 * u, 0.25 * u, 0.32 * u), skin)
        stroke(ctx, curve(arm, steps=3), shade(cloth, 0.86), 0.56 * u)
    if look.collar == 1:
        for s in (-1, 1):
            fill(ctx, np.array([(x, y + 1.75 * u), (x + s * 0.42 * u, y + 1.24 * u),
                                (x + s * 0.52 * u, y + 1.70 * u)]), shade(cloth, 1.4))
    elif look.collar == 2:
        ctx.save()
        trace(ctx, shape)
        ctx.clip()
        for k in range(5):
            row = y + (1.7 + 0.35 * k) * u
            line = np.array([(x - 2 * u, row), (x + 2 * u, row)])
            stroke(ctx, line, shade(cloth, 0.66), 0.13 * u)
        ctx.restore()
    elif look.collar == 3:
        scarf = shade(CLOTHS[(look.cloth + 3) % len(CLOTHS)], 0.9)
        fill(ctx, ellipse(x, y + 1.38 * u, 0.62 * u, 0.24 * u), scarf)


def prop_outline(head, look):
    """Contour in pixels of what hides a part of the face, or None."""
    if look.prop == "none" or look.prop_rise <= 0.02:
        return None
    p, u = head.pose, head.pose.unit
    x = p.x + look.prop_side * 0.6 * u
    y = p.y + (1.75 - 0.95 * look.prop_rise) * u
    if look.prop == "mug":
        return np.array([(x - 0.30 * u, y - 0.3 * u), (x + 0.30 * u, y - 0.3 * u),
                         (x + 0.26 * u, y + 0.4 * u), (x - 0.26 * u, y + 0.4 * u)])
    if look.prop == "phone":
        return np.array([(x - 0.22 * u, y - 0.45 * u), (x + 0.22 * u, y - 0.45 * u),
                         (x + 0.22 * u, y + 0.4 * u), (x - 0.22 * u, y + 0.4 * u)])
    if look.prop == "book":
        y += 0.15 * u
        return np.array([(x - 0.55 * u, y - 0.38 * u), (x + 0.55 * u, y - 0.38 * u),
                         (x + 0.55 * u, y + 0.5 * u), (x - 0.55 * u, y + 0.5 * u)])
    return ellipse(x, y, 0.30 * u, 0.42 * u, 0.3 * np.sign(look.prop_side))


def draw_prop(ctx, head, look):
    """The arm and the thing held before the face."""
    shape = prop_outline(head, look)
    if shape is None:
        return
    p, u = head.pose, head.pose.unit
    side = 1 if look.prop_side >= 0 else -1
    low = shape[:, 1].max()
    x = float(shape[:, 0].mean())
    arm = curve([(p.x + side * 1.5 * u, p.y + 2.6 * u), (p.x + side * 1.2 * u, low + 0.5 * u),
                 (x, low)])
    stroke(ctx, arm, shade(CLOTHS[look.cloth], 0.85), 0.42 * u)
    hand = skin_of(head.person)
    if look.prop == "hand":
        fill(ctx, shape, shade(hand, 0.95))
        stroke(ctx, shape, shade(hand, 0.6), 0.03 * u, closed=True)
        for k in (-0.12, 0.0, 0.12):
            stroke(ctx, np.array([(x + k * u, low - 0.8 * u), (x + k * u, low - 0.45 * u)]),
                   shade(hand, 0.6), 0.03 * u)
        return
    colour = {"mug": CLOTHS[(look.cloth + 4) % len(CLOTHS)], "phone": (0.1, 0.1, 0.12),
              "book": CLOTHS[(look.cloth + 2) % len(CLOTHS)]}[look.prop]
    fill(ctx, shape, colour)
    stroke(ctx, shape, shade(colour, 0.6), 0.03 * u, closed=True)
    fill(ctx, ellipse(x + side * 0.22 * u, low - 0.1 * u, 0.20 * u, 0.16 * u), hand)


def draw_person(ctx, head, look, bottom):
    """Everything of one person, back to front."""
    ctx.set_line_cap(cairo.LINE_CAP_ROUND)
    ctx.set_line_join(cairo.LINE_JOIN_ROUND)
    draw_back_hair(ctx, head)
    draw_body(ctx, head, look, bottom)
    draw_ears(ctx, head)
    draw_skin(ctx, head)
    draw_marks(ctx, head)
    draw_eyes(ctx, head)
    draw_nose(ctx, head)
    draw_beard(ctx, head)
    draw_mouth(ctx, head)
    draw_glasses(ctx, head)
    draw_front_hair(ctx, head)
    draw_prop(ctx, head, look)


def light_up(ctx, pose, light):
    """Shades what is drawn in the current group by a lamp from one side (light: Light)."""
    dx, dy = np.cos(light.angle) * 1.5 * pose.unit, np.sin(light.angle) * 1.5 * pose.unit
    gradient = cairo.LinearGradient(pose.x + dx, pose.y + dy, pose.x - dx, pose.y - dy)
    gradient.add_color_stop_rgba(0.0, 1.0, 0.97, 0.88, 0.34 * light.contrast)
    gradient.add_color_stop_rgba(0.45, 1.0, 1.0, 1.0, 0.0)
    gradient.add_color_stop_rgba(0.55, 0.0, 0.0, 0.0, 0.0)
    gradient.add_color_stop_rgba(1.0, 0.02, 0.02, 0.10, 0.55 * light.contrast)
    ctx.set_source(gradient)
    ctx.set_operator(cairo.OPERATOR_ATOP)
    ctx.paint()
    ctx.set_operator(cairo.OPERATOR_OVER)
