"""Plans who is seen where and when: scenes, appearances, poses and ground truth.

A plan is pure data made from a seed; any frame can be drawn from it alone, in any process.
"""

import dataclasses

import cairo
import numpy as np

import backdrop
from head import Head, Pose
from identity import CLOTHS, cast, first_key
from paint import ellipse, trace
from person import LEGS, Look, PROPS, prop_outline

WIDTH, HEIGHT, RATE = 1280, 720, 30
LEAST_VISIBLE = 0.5  # faces seen less are marked "ignore": neither demanded nor held against anyone
LEAST_SIDE, FEWEST, MOST = 32, 3, 6
LEAST_FRAMES = 20  # in which everybody is seen
MASK = 4  # the visibility mask is this much coarser than the picture

# lane: range of box widths, anchor x, anchor y, way of entering
LANES = {
    "far_left": ((35, 66), (80, 330), (130, 250), "left"),
    "near_left": ((56, 132), (150, 400), (330, 520), "left"),
    "far_right": ((35, 66), (950, 1200), (130, 250), "right"),
    "near_right": ((56, 132), (880, 1130), (330, 520), "right"),
    "middle": ((80, 158), (540, 740), (330, 480), "bottom"),
    "passing": ((36, 80), (0, 0), (120, 240), "across"),
}


@dataclasses.dataclass(frozen=True)
class Light:
    """The light of a scene."""

    angle: float
    contrast: float
    gain: float
    cast: tuple  # factors of red, green, blue
    flicker: float
    noise: float  # standard deviation in 8-bit steps


@dataclasses.dataclass
class Appearance:
    """One person's walk through a scene; frames count from the scene's first one."""

    person: object
    known: bool
    look: Look
    lane: str
    start: float
    end: float
    unit: float
    x: float
    y: float
    side: int
    phase: tuple
    turn: float
    blur: float

    def present(self, t):
        """Whether the person is in the scene at frame t at all."""
        return self.start <= t < self.end

    def head(self, t):
        """The head at frame t."""
        p = self.phase
        span = self.end - self.start
        s = (t - self.start) / span
        unit = self.unit * (1 + 0.04 * np.sin(0.03 * t + p[0]))
        x, y, heading = self.x, self.y, 0.0
        if self.lane == "passing":
            reach = WIDTH + 5.0 * unit
            x = -2.5 * unit + reach * s if self.side > 0 else WIDTH + 2.5 * unit - reach * s
            y += 0.12 * unit * abs(np.sin(0.22 * t + p[1]))
            heading = self.side * 0.36
        else:
            step = min(26.0, 0.3 * span)
            come = np.clip(1 - (t - self.start) / step, 0, 1)
            leave = np.clip(1 - (self.end - t) / step, 0, 1)
            away = come**1.6 + leave**1.6
            if self.lane == "middle":
                y += away * (HEIGHT + 1.3 * unit - y)
            else:
                edge = -2.2 * unit if self.side < 0 else WIDTH + 2.2 * unit
                x += away * (edge - x)
                heading = -self.side * 0.38 * (min(1, 3 * come) - min(1, 3 * leave))
            x += 0.35 * unit * np.sin(0.035 * t + p[2])
            y += 0.12 * unit * np.sin(0.05 * t + p[1])
        yaw = np.clip(heading + self.turn * np.sin(0.045 * t + p[3]), -0.5, 0.5)
        blink = 0.0 if (t + 40 * p[0]) % 95 < 4 else 1.0
        talk = max(0.0, np.sin(0.35 * t + p[4])) * (np.sin(0.02 * t + p[5]) > 0.2)
        return Head(self.person, Pose(
            float(x), float(y), float(unit), yaw=float(yaw),
            pitch=float(0.16 * np.sin(0.04 * t + p[4])),
            roll=float(0.16 * np.sin(0.037 * t + p[5])),
            blink=blink, mouth_open=float(talk), smile=float(0.5 + 0.5 * np.sin(0.02 * t + p[2]))))

    def look_at(self, t):
        """The look at frame t: the prop rises and sinks."""
        rise = np.clip(1.6 * np.sin(0.05 * t + self.phase[1]) - 0.5, 0, 1)
        return dataclasses.replace(self.look, prop_rise=float(rise))


@dataclasses.dataclass
class Scene:
    """A place, its light and the people who pass through it."""

    backdrop_seed: int
    frames: int
    light: Light
    pan: tuple
    appearances: list
    distractors: list
    pole: tuple  # x, speed, width, colour index; width 0 for none

    def present(self, t):
        """Appearances at frame t from the farthest to the nearest."""
        return sorted((a for a in self.appearances if a.present(t)), key=lambda a: a.unit)

    def camera(self, t):
        """Left and top of the picture in the backdrop."""
        x0, y0, px, py = self.pan
        dx, dy = backdrop.WIDTH - WIDTH, backdrop.HEIGHT - HEIGHT
        x = 0.5 * dx * (1 + np.sin(x0 + px * t))
        return int(x), int(0.5 * dy * (1 + np.sin(y0 + py * t)))

    def pole_box(self, t):
        """Left, right of the foreground pole at frame t, or None."""
        x, speed, width, _ = self.pole
        return None if width == 0 else (x + speed * t, x + speed * t + width)


def _cast(rng):
    factors = rng.uniform(0.91, 1.09, 3)
    return tuple(float(v) for v in factors / np.mean(factors))


def make_light(rng):
    """A random light."""
    return Light(angle=float(rng.uniform(-np.pi, 0)), contrast=float(rng.uniform(0.3, 1.0)),
                 gain=float(rng.uniform(0.72, 1.18)),
                 cast=_cast(rng),
                 flicker=float(rng.uniform(0.0, 0.12)), noise=float(rng.uniform(1.0, 3.0)))


def make_look(rng):
    """Random clothes and, sometimes, something that is held before the face."""
    prop = PROPS[int(rng.integers(1, len(PROPS)))] if rng.random() < 0.3 else "none"
    return Look(cloth=int(rng.integers(len(CLOTHS))), collar=int(rng.integers(4)), prop=prop,
                prop_side=float(rng.uniform(-1, 1)))


def _appearance(rng, person, known, lane, start, end):
    widths, xs, ys, way = LANES[lane]
    width = np.exp(rng.uniform(np.log(widths[0]), np.log(widths[1])))
    side = {"left": -1, "right": 1}.get(way) or (-1 if rng.random() < 0.5 else 1)
    return Appearance(
        person=person, known=known, look=make_look(rng), lane=lane, start=start, end=end,
        unit=float(width / (2 * person.width) / 0.92), x=float(rng.uniform(*xs)),
        y=float(rng.uniform(*ys)), side=side,
        phase=tuple(float(v) for v in rng.uniform(0, 6.28, 6)),
        turn=float(rng.uniform(0.1, 0.42)),
        blur=float(rng.uniform(0.0, 0.5) if rng.random() < 0.4 else 0.0))


def _make_scene(rng, people, frames):
    lanes = list(LANES)
    share = [len(people) // len(lanes)] * len(lanes)
    for k in range(len(people) % len(lanes)):
        share[k] += 1
    if share[-1] > 2:  # who crosses the whole picture needs more time
        share[-2] += share[-1] - 2
        share[-1] = 2
    appearances, at = [], 0
    for lane, count in zip(lanes, share):
        if count == 0:
            continue
        each = frames / count
        shift = rng.uniform(-0.3, 0.3) * each
        for k in range(count):
            start = -0.45 * each if k == 0 else k * each + shift
            end = frames + 0.45 * each if k == count - 1 else (k + 1) * each + shift
            person, known = people[at]
            appearances.append(_appearance(rng, person, known, lane, float(start), float(end)))
            at += 1
    pole = (float(rng.uniform(0, WIDTH)), float(rng.uniform(-1.5, 1.5)),
            float(rng.uniform(12, 34)) if rng.random() < 0.4 else 0, int(rng.integers(len(CLOTHS))))
    moving = lambda: [backdrop.Distractor(rng) for _ in range(int(rng.integers(3, 7)))]
    return Scene(backdrop_seed=int(rng.integers(1 << 40)), frames=frames, light=make_light(rng),
                 pan=(float(rng.uniform(0, 6.28)), float(rng.uniform(0, 6.28)),
                      float(rng.uniform(0.004, 0.012)), float(rng.uniform(0.003, 0.01))),
                 appearances=appearances,
                 distractors=moving(),
                 pole=pole)


class Visibility:
    """Measures which part of each face is seen, on a coarse mask."""

    def __init__(self):
        self._surface = cairo.ImageSurface(cairo.FORMAT_RGB24, WIDTH // MASK, HEIGHT // MASK)
        self._ctx = cairo.Context(self._surface)
        self._ctx.set_antialias(cairo.ANTIALIAS_NONE)
        self._ctx.scale(1 / MASK, 1 / MASK)

    def _paint(self, points, mark):
        trace(self._ctx, points)
        self._ctx.set_source_rgb(0, 0, mark / 255)
        self._ctx.fill()

    def faces(self, scene, t):
        """Ground truth of frame t: a list of dictionaries, farthest first."""
        ctx = self._ctx
        ctx.set_source_rgb(0, 0, 0)
        ctx.paint()
        order = scene.present(t)
        heads = [a.head(t) for a in order]
        for mark, (a, head) in enumerate(zip(order, heads), 1):
            for d in scene.distractors:
                if a.unit >= d.rank and (mark == 1 or order[mark - 2].unit < d.rank):
                    self._paint(ellipse(*d.place(t), d.radius, d.radius), 0)
            x, y, u = head.pose.x, head.pose.y, head.pose.unit
            body = [(x - 1.5 * u, y + 2 * u), (x, y + 1.2 * u), (x + 1.5 * u, y + 2 * u),
                    (x + 1.5 * u, y + LEGS * u), (x - 1.5 * u, y + LEGS * u)]
            self._paint(np.array(body), 0)
            self._paint(ellipse(x, y - 0.15 * u, (a.person.width + 0.15) * u, 1.15 * u), 0)
            self._paint(head.face_outline(), mark)
            prop = prop_outline(head, a.look_at(t))
            if prop is not None:
                self._paint(prop, 0)
        last = order[-1].unit if order else 0
        for d in scene.distractors:
            if d.rank > last:
                self._paint(ellipse(*d.place(t), d.radius, d.radius), 0)
        pole = scene.pole_box(t)
        if pole:
            left, right = pole
            self._paint(np.array([(left, 0), (right, 0), (right, HEIGHT), (left, HEIGHT)]), 0)
        self._surface.flush()
        marks = np.frombuffer(self._surface.get_data(), np.uint8)[::4]
        counts = np.bincount(marks, minlength=len(order) + 1)
        return [_truth(a, head, counts[mark])
                for mark, (a, head) in enumerate(zip(order, heads), 1) if counts[mark]]


def _truth(appearance, head, count):
    p = head.face_outline()
    q = np.roll(p, -1, axis=0)
    area = 0.5 * abs(float(np.sum(p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1])))
    visible = min(1.0, float(count) * MASK * MASK / area)
    box = np.clip(head.box(), 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    small = min(box[2] - box[0], box[3] - box[1]) < LEAST_SIDE  # cut by the edge of the picture
    row = {"name": appearance.person.name, "known": appearance.known,
           "box": [round(float(v), 1) for v in box], "visible": round(visible, 2),
           "landmarks": [round(float(v), 1) for v in head.landmarks().ravel()]}
    if small or visible < LEAST_VISIBLE:
        row["ignore"] = True
    return row


def _faults(scene, stride):
    """How far a scene is from showing everybody, 3 to 6 faces at a time; 0 is right."""
    measure = Visibility()
    faults = 0
    views = dict.fromkeys((a.person.name for a in scene.appearances), 0)
    for t in range(0, scene.frames, stride):
        seen = [f for f in measure.faces(scene, t) if not f.get("ignore")]
        faults += max(0, FEWEST - len(seen)) + max(0, len(seen) - MOST)
        for f in seen:
            views[f["name"]] += stride
    return faults + sum(count < min(LEAST_FRAMES, scene.frames // 4) for count in views.values())


@dataclasses.dataclass
class Plan:
    """A whole video: scenes in order, and who is known."""

    seed: int
    scenes: list
    known: list
    strangers: list

    @property
    def frames(self):
        return sum(s.frames for s in self.scenes)

    def locate(self, frame):
        """Scene number and frame within it."""
        for number, scene in enumerate(self.scenes):
            if frame < scene.frames:
                return number, frame
            frame -= scene.frames
        raise IndexError("frame beyond the end of the plan")

    def truth(self):
        """Ground truth of every frame."""
        measure = Visibility()
        for frame in range(self.frames):
            number, t = self.locate(frame)
            yield {"frame": frame, "scene": number, "faces": measure.faces(self.scenes[number], t)}


def make_plan(seed, frames=1500, known=100, strangers=8, split="test", attempts=40):
    """A video of `frames` frames in which everybody of the cast appears.

    A scene is planned anew until 3 to 6 faces are seen in each of its frames and everybody in some;
    attempts=1 takes the first plan unseen, which is enough for training pictures.
    """
    people = cast(split, seed, known + strangers)
    key = first_key(split, seed)
    rng = np.random.Generator(np.random.Philox(key=[key, 0x5CE]))
    count = max(1, round(frames / 250))
    per_scene = max(len(LANES), -(-len(people) // count))
    if len(people) < len(LANES):
        raise ValueError(f"a video needs at least {len(LANES)} people, got {len(people)}")
    roles = [(p, i < known) for i, p in enumerate(people)]
    order = [roles[i] for i in rng.permutation(len(roles))]
    order = (order * (1 + count * per_scene // len(order)))[:count * per_scene]
    scenes = []
    for k in range(count):
        length = frames * (k + 1) // count - frames * k // count
        members = order[k * per_scene:(k + 1) * per_scene]
        best = None
        for attempt in range(attempts):
            trial = np.random.Generator(np.random.Philox(key=[key + k, 0x7A1 + attempt]))
            scene = _make_scene(trial, members, length)
            faults = (_faults(scene, 5) or _faults(scene, 1)) if attempts > 1 else 0
            if best is None or faults < best[0]:
                best = (faults, scene)
            if faults == 0:
                break
        scenes.append(best[1])
    return Plan(seed, scenes, people[:known], people[known:])
