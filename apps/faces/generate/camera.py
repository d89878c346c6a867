"""Turns a plan into pixels: people before a place, seen by an imperfect camera."""

import collections
import functools
import math

import cairo
import numpy as np

from backdrop import draw_backdrop
from identity import CLOTHS
from paint import shade
from person import LEGS, draw_person, light_up
from scene import HEIGHT, WIDTH


_backdrops = collections.OrderedDict()
_backdrops_kept = 2


def keep_backdrops(count):
    """How many backdrops a process keeps; each takes 4.6 MB."""
    global _backdrops_kept
    _backdrops_kept = count


def backdrop_pixels(seed):
    """A backdrop as uint8 [800, 1440, 4], drawn once while it is in use."""
    if seed in _backdrops:
        _backdrops.move_to_end(seed)
        return _backdrops[seed]
    surface = draw_backdrop(seed)
    rows = np.frombuffer(surface.get_data(), np.uint8)
    pixels = rows.reshape(surface.get_height(), surface.get_width(), 4).copy()
    _backdrops[seed] = pixels
    while len(_backdrops) > _backdrops_kept:
        _backdrops.popitem(last=False)
    return pixels


@functools.lru_cache(maxsize=1)
def _noise_bank():
    rng = np.random.Generator(np.random.Philox(99))
    bank = rng.normal(0.0, 16.0, (900, 1500)).astype(np.int16)
    return bank


def paint_person(ctx, head, look, light, blur, limits):
    """Draws a person through a surface of lower resolution: that is what blurs them.

    limits: left, top, right, bottom of the picture; blur: 0 sharp, 1 half the resolution.
    """
    p, u = head.pose, head.pose.unit
    x0 = max(limits[0], math.floor(p.x - 2.3 * u) - 2)
    x1 = min(limits[2], math.ceil(p.x + 2.3 * u) + 2)
    y0 = max(limits[1], math.floor(p.y - 2.0 * u) - 2)
    y1 = min(limits[3], math.ceil(p.y + (LEGS + 0.7) * u) + 2)
    if x1 <= x0 or y1 <= y0:
        return
    k = 1.0 + blur
    sprite = cairo.ImageSurface(cairo.FORMAT_ARGB32, math.ceil((x1 - x0) / k) + 1,
                                math.ceil((y1 - y0) / k) + 1)
    inner = cairo.Context(sprite)
    inner.scale(1 / k, 1 / k)
    inner.translate(-x0, -y0)
    draw_person(inner, head, look, y1)
    light_up(inner, p, light)
    ctx.save()
    ctx.translate(x0, y0)
    ctx.scale(k, k)
    ctx.set_source_surface(sprite)
    ctx.get_source().set_filter(cairo.FILTER_BILINEAR if k > 1 else cairo.FILTER_NEAREST)
    ctx.paint()
    ctx.restore()


def _tone(light, t):
    gain = light.gain * (1.0 + light.flicker * math.sin(0.05 * t + light.angle))
    levels = np.arange(256, dtype=np.float64) / 255
    tables = []
    for factor in reversed(light.cast):
        bright = levels * gain * factor
        rolled = np.where(bright < 0.8, bright, 1.0 - 0.2 * np.exp(-(bright - 0.8) / 0.2))
        tables.append((rolled * 255 + 0.5).astype(np.uint8))
    return tables


def draw_frame(scene, t, seed):
    """Frame t of a scene as uint8 [720, 1280, 4]: blue, green, red, unused."""
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, WIDTH, HEIGHT)
    left, top = scene.camera(t)
    view = np.ndarray((HEIGHT, WIDTH, 4), np.uint8, surface.get_data())
    view[:] = backdrop_pixels(scene.backdrop_seed)[top:top + HEIGHT, left:left + WIDTH]
    surface.mark_dirty()
    ctx = cairo.Context(surface)
    waiting = sorted(scene.distractors, key=lambda d: d.rank)
    limits = (0, 0, WIDTH, HEIGHT)
    for a in scene.present(t):
        while waiting and waiting[0].rank <= a.unit:
            waiting.pop(0).draw(ctx, t)
        paint_person(ctx, a.head(t), a.look_at(t), scene.light, a.blur, limits)
    for d in waiting:
        d.draw(ctx, t)
    pole = scene.pole_box(t)
    if pole:
        ctx.rectangle(pole[0], 0, pole[1] - pole[0], HEIGHT)
        ctx.set_source_rgb(*shade(CLOTHS[scene.pole[3]], 0.7))
        ctx.fill()
    surface.flush()
    return develop(view, scene.light, t, seed)


def develop(view, light, t, seed):
    """Light, colour cast and sensor noise on uint8 [h, w, 4]; returns a new array."""
    height, width = view.shape[:2]
    rng = np.random.Generator(np.random.Philox(key=[seed, t]))
    bank = _noise_bank()
    dy = int(rng.integers(bank.shape[0] - height + 1))
    dx = int(rng.integers(bank.shape[1] - width + 1))
    # 16-bit products: deviations are 16ths, five of them times the largest noise stay below 2^15
    noise = (bank[dy:dy + height, dx:dx + width] * int(round(light.noise * 16))) >> 8
    out = np.full(view.shape, 255, np.uint8)
    for channel, table in enumerate(_tone(light, t)):
        lit = table[view[:, :, channel]].astype(np.int16)
        lit += noise
        np.clip(lit, 0, 255, out=lit)
        out[:, :, channel] = lit
    return out
