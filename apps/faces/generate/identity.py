"""Who the drawn people are: persistent traits, sampled from an integer key.

A key decides everything that stays with a person. Keys of training, validation and test people
lie in disjoint intervals (see KeyRange), so that no test person can ever be seen in training.
Skin, hair and cloth colours come from short palettes that many people share: colour alone tells
almost nothing about who somebody is.
"""

import dataclasses

import numpy as np

# Keys of one seed are consecutive; a seed may use up to KEYS_PER_SEED of them.
KEYS_PER_SEED = 1 << 16
MAX_SEED = (1 << 24) - 1
SPLITS = ("train", "validation", "test")

SKINS = [
    (0.96, 0.82, 0.72), (0.92, 0.74, 0.61), (0.85, 0.65, 0.50),
    (0.76, 0.55, 0.40), (0.60, 0.41, 0.29), (0.43, 0.29, 0.21),
]
HAIRS = [
    (0.10, 0.08, 0.08), (0.23, 0.15, 0.10), (0.40, 0.25, 0.14), (0.58, 0.30, 0.14),
    (0.80, 0.62, 0.34), (0.66, 0.64, 0.63),
]
IRISES = [(0.25, 0.15, 0.08), (0.42, 0.28, 0.12), (0.25, 0.42, 0.25), (0.25, 0.42, 0.62)]
CLOTHS = [
    (0.75, 0.22, 0.22), (0.20, 0.36, 0.62), (0.22, 0.50, 0.40), (0.86, 0.66, 0.46),
    (0.93, 0.90, 0.84), (0.25, 0.24, 0.28), (0.66, 0.45, 0.32), (0.55, 0.35, 0.58),
]
HAIR_STYLES = [
    "bald", "buzz", "side_part", "flat_top", "curly", "afro", "spiky", "bob", "long",
    "wavy", "bun", "pigtails", "receding", "mohawk", "curtain", "side_tail",
]
HAIR_WEIGHTS = [0.05, 0.06, 0.09, 0.06, 0.07, 0.06, 0.07, 0.07, 0.08, 0.07, 0.06, 0.06, 0.05, 0.04,
                0.06, 0.05]
HEADWEAR = ["none", "cap", "beanie", "headscarf", "turban", "hairband"]
HEADWEAR_WEIGHTS = [0.72, 0.06, 0.06, 0.06, 0.04, 0.06]
GLASSES = ["none", "round", "square", "cat", "half_rim", "dark"]
GLASSES_WEIGHTS = [0.54, 0.12, 0.12, 0.08, 0.08, 0.06]
BEARDS = ["none", "stubble", "moustache", "goatee", "full", "long", "sideburns"]
BEARD_WEIGHTS = [0.54, 0.07, 0.09, 0.09, 0.09, 0.06, 0.06]
MARKS = ["none", "freckles", "mole", "scar", "blush", "lines"]
MARK_WEIGHTS = [0.40, 0.14, 0.14, 0.08, 0.12, 0.12]
LIPS = [None, (0.72, 0.18, 0.22), (0.78, 0.38, 0.40), (0.50, 0.16, 0.28)]
EARRINGS = ["none", "stud", "hoop"]


@dataclasses.dataclass(frozen=True)
class Identity:
    """Persistent traits of one person; lengths are in half face heights."""

    key: int
    skin: int
    hair: int
    iris: int
    cloth: int  # colour of headwear
    lips: int
    hair_style: str
    headwear: str
    glasses: str
    glasses_dark: float
    beard: str
    mark: str
    earring: str
    skin_shift: tuple
    width: float  # half width of the face at the cheekbones
    jaw: float  # half width at the jaw, as a part of width
    chin: float  # 0 pointed .. 1 square
    eye_gap: float  # half distance of the eye centres
    eye_y: float
    eye_size: float
    eye_open: float
    eye_tilt: float
    brow_thick: float
    brow_gap: float
    brow_arch: float
    brow_tilt: float
    nose_len: float
    nose_width: float
    nose_kind: int
    mouth_y: float
    mouth_width: float
    lip_full: float
    mouth_curve: float
    ear_size: float
    hair_volume: float
    hair_parting: float  # -1 left .. 1 right
    texture_seed: int

    @property
    def name(self):
        """Split, seed and number: "test7_042"; the same for everybody who draws this key."""
        seed, number = divmod(self.key, KEYS_PER_SEED)
        return f"{split_of(self.key)}{seed % (MAX_SEED + 1)}_{number:03d}"


def first_key(split, seed):
    """The first key of a seed; the splits occupy disjoint intervals of the integers."""
    if split not in SPLITS:
        raise ValueError(f"unknown split '{split}': expected one of {', '.join(SPLITS)}")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed {seed} is out of range: expected 0 to {MAX_SEED}")
    return (SPLITS.index(split) * (MAX_SEED + 1) + seed) * KEYS_PER_SEED


def split_of(key):
    """The split that a key belongs to."""
    return SPLITS[key // KEYS_PER_SEED // (MAX_SEED + 1)]


def _pick(rng, values, weights):
    weights = np.asarray(weights) / np.sum(weights)
    return values[int(rng.choice(len(values), p=weights))]


def sample(key):
    """The person with this key."""
    rng = np.random.Generator(np.random.Philox(key=[key, 0xFACE]))
    u = lambda low, high: float(rng.uniform(low, high))
    hair_style = _pick(rng, HAIR_STYLES, HAIR_WEIGHTS)
    headwear = _pick(rng, HEADWEAR, HEADWEAR_WEIGHTS)
    beard = _pick(rng, BEARDS, BEARD_WEIGHTS)
    return Identity(
        key=key,
        skin=int(rng.integers(len(SKINS))), hair=int(rng.integers(len(HAIRS))),
        iris=int(rng.integers(len(IRISES))), cloth=int(rng.integers(len(CLOTHS))),
        lips=0 if beard != "none" else int(rng.choice(4, p=[0.55, 0.15, 0.15, 0.15])),
        hair_style=hair_style, headwear=headwear,
        glasses=_pick(rng, GLASSES, GLASSES_WEIGHTS), glasses_dark=u(0.0, 1.0), beard=beard,
        mark=_pick(rng, MARKS, MARK_WEIGHTS),
        earring=_pick(rng, EARRINGS, [0.6, 0.2, 0.2]),
        skin_shift=tuple(float(v) for v in rng.normal(0.0, 0.012, 3)),
        width=u(0.62, 0.80), jaw=u(0.68, 0.96), chin=u(0.0, 1.0),
        eye_gap=u(0.26, 0.37), eye_y=u(-0.16, 0.0), eye_size=u(0.105, 0.165),
        eye_open=u(0.38, 0.72), eye_tilt=u(-0.22, 0.22),
        brow_thick=u(0.03, 0.095), brow_gap=u(0.13, 0.22), brow_arch=u(0.0, 0.09),
        brow_tilt=u(-0.2, 0.2),
        nose_len=u(0.28, 0.46), nose_width=u(0.09, 0.20), nose_kind=int(rng.integers(3)),
        mouth_y=u(0.50, 0.64), mouth_width=u(0.17, 0.33), lip_full=u(0.03, 0.085),
        mouth_curve=u(-0.05, 0.09), ear_size=u(0.13, 0.24), hair_volume=u(0.6, 1.4),
        hair_parting=u(-1.0, 1.0), texture_seed=int(rng.integers(1 << 31)))


def difference(a, b):
    """How differently two people look: counts of traits, the visible ones weigh more."""
    score = 2.0 * (a.headwear != b.headwear) + 1.5 * (a.hair_style != b.hair_style)
    score += 1.5 * (a.glasses != b.glasses) + 1.5 * (a.beard != b.beard)
    score += 0.8 * min(2, abs(a.skin - b.skin)) + 1.0 * (a.hair != b.hair)
    score += 0.5 * (a.mark != b.mark) + 0.5 * (a.lips != b.lips)
    score += 1.0 * (a.cloth != b.cloth) * (a.headwear != "none") * (a.headwear == b.headwear)
    shape = [(a.width - b.width) / 0.18, (a.jaw - b.jaw) / 0.28, (a.eye_gap - b.eye_gap) / 0.11,
             (a.brow_thick - b.brow_thick) / 0.065, (a.mouth_width - b.mouth_width) / 0.16,
             (a.nose_width - b.nose_width) / 0.11, (a.eye_size - b.eye_size) / 0.06]
    return score + 0.6 * float(np.sum(np.abs(shape)))


# People of one cast differ at least by this much: a cast holds no twins.
LEAST_DIFFERENCE = 3.2


def cast(split, seed, count, offset=0):
    """`count` people of a seed, no two of whom are look-alikes.

    Keys are tried in order from `offset`; a candidate too close to somebody chosen is passed over.
    """
    people = []
    base = first_key(split, seed)
    for index in range(offset, KEYS_PER_SEED):
        person = sample(base + index)
        if all(difference(person, other) >= LEAST_DIFFERENCE for other in people):
            people.append(person)
            if len(people) == count:
                return people
    raise ValueError(f"seed {seed} has no {count} people who differ enough; ask for fewer")
