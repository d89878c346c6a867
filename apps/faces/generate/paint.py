"""Small cairo vocabulary: polygons, strokes, tints."""

import numpy as np


def shade(colour, factor):
    """A darker (factor < 1) or lighter (factor > 1) variant of a colour."""
    if factor <= 1.0:
        return tuple(c * factor for c in colour)
    return tuple(1.0 - (1.0 - c) * (2.0 - factor) for c in colour)


def trace(ctx, points, closed=True):
    """Puts a polyline into the current path."""
    rows = points.tolist()
    ctx.move_to(*rows[0])
    for x, y in rows[1:]:
        ctx.line_to(x, y)
    if closed:
        ctx.close_path()


def fill(ctx, points, colour, alpha=1.0):
    """Fills a polygon."""
    trace(ctx, points)
    ctx.set_source_rgba(*colour, alpha)
    ctx.fill()


def stroke(ctx, points, colour, width, alpha=1.0, closed=False):
    """Draws a line of the given width in pixels."""
    trace(ctx, points, closed)
    ctx.set_source_rgba(*colour, alpha)
    ctx.set_line_width(max(0.3, width))
    ctx.stroke()


def ellipse(x, y, rx, ry, tilt=0.0, count=20):
    """Points [count, 2] of an ellipse."""
    t = np.arange(count) * (2 * np.pi / count)
    a, b = rx * np.cos(t), ry * np.sin(t)
    return np.column_stack([x + a * np.cos(tilt) - b * np.sin(tilt),
                            y + a * np.sin(tilt) + b * np.cos(tilt)])
