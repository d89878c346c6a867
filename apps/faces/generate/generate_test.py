"""Tests of the generator: numpy, cairo and the ffmpeg command are enough."""

import hashlib
import itertools
import json
import pathlib
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import camera  # noqa: E402
import identity  # noqa: E402
import photo  # noqa: E402
import scene  # noqa: E402
import video  # noqa: E402
from head import Head, Pose  # noqa: E402


class IdentityTest(unittest.TestCase):
    def test_the_same_key_is_the_same_person(self):
        self.assertEqual(identity.sample(12345), identity.sample(12345))
        self.assertNotEqual(identity.sample(12345), identity.sample(12346))

    def test_splits_and_seeds_use_disjoint_keys(self):
        spans = []
        for split, seed in itertools.product(identity.SPLITS, (0, 1, 7, identity.MAX_SEED)):
            first = identity.first_key(split, seed)
            spans.append((first, first + identity.KEYS_PER_SEED - 1))
            self.assertEqual(identity.split_of(first), split)
            self.assertEqual(identity.split_of(spans[-1][1]), split)
        spans.sort()
        for (_, end), (start, _) in zip(spans, spans[1:]):
            self.assertLess(end, start)

    def test_a_seed_out_of_range_is_refused(self):
        with self.assertRaisesRegex(ValueError, "seed 16777216 is out of range"):
            identity.first_key("train", 1 << 24)
        with self.assertRaisesRegex(ValueError, "unknown split 'tset'"):
            identity.first_key("tset", 1)

    def test_a_cast_holds_no_look_alikes_and_shares_colours(self):
        people = identity.cast("test", 11, 108)
        for a, b in itertools.combinations(people, 2):
            self.assertGreaterEqual(identity.difference(a, b), identity.LEAST_DIFFERENCE)
        self.assertEqual(len({p.name for p in people}), 108)
        colours = [(p.skin, p.hair) for p in people]
        self.assertGreater(max(colours.count(c) for c in colours), 3)


class HeadTest(unittest.TestCase):
    def test_landmarks_keep_their_order_and_lie_on_the_face(self):
        person = identity.sample(99)
        for yaw in (-0.5, 0.0, 0.5):
            head = Head(person, Pose(100, 100, 50, yaw=yaw))
            marks, box = head.landmarks(), head.box()
            self.assertLess(marks[0, 0], marks[1, 0])
            self.assertLess(marks[3, 0], marks[4, 0])
            self.assertTrue(np.all(marks > box[:2]) and np.all(marks < box[2:]))

    def test_a_turn_moves_the_nose_to_its_side(self):
        person = identity.sample(99)
        nose = [Head(person, Pose(0, 0, 50, yaw=yaw)).landmarks()[2, 0] for yaw in (-0.4, 0, 0.4)]
        self.assertLess(nose[0], nose[1])
        self.assertLess(nose[1], nose[2])


class PlanTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plan = scene.make_plan(3, frames=240, known=20, strangers=2)
        cls.rows = list(cls.plan.truth())

    def test_every_frame_shows_three_to_six_faces_from_32_pixels_up(self):
        self.assertEqual(len(self.rows), 240)
        for row in self.rows:
            seen = [f for f in row["faces"] if not f.get("ignore")]
            self.assertTrue(3 <= len(seen) <= 6, row["frame"])
            for face in seen:
                x0, y0, x1, y1 = face["box"]
                self.assertGreaterEqual(min(x1 - x0, y1 - y0), 32)
                self.assertTrue(0 <= x0 and 0 <= y0 and x1 <= 1280 and y1 <= 720)
                self.assertGreaterEqual(face["visible"], 0.5)

    def test_everybody_appears(self):
        seen = {f["name"] for row in self.rows for f in row["faces"] if not f.get("ignore")}
        self.assertEqual(seen, {p.name for p in self.plan.known + self.plan.strangers})

    def test_strangers_are_not_known(self):
        strangers = {p.name for p in self.plan.strangers}
        for row in self.rows:
            for face in row["faces"]:
                self.assertEqual(face["known"], face["name"] not in strangers)

    def test_people_move_smoothly(self):
        steps = []
        for a, b in zip(self.rows, self.rows[1:]):
            before = {f["name"]: f["landmarks"] for f in a["faces"]}
            for face in b["faces"]:
                if face["name"] in before:
                    delta = np.array(face["landmarks"][4:6]) - before[face["name"]][4:6]
                    steps.append(float(np.hypot(*delta)))
        self.assertLess(max(steps), 60)
        self.assertLess(np.median(steps), 8)

    def test_frames_are_drawn_the_same_twice_and_differ_in_time(self):
        first = camera.draw_frame(self.plan.scenes[0], 10, 3)
        self.assertEqual(first.shape, (720, 1280, 4))
        again = scene.make_plan(3, frames=240, known=20, strangers=2)
        self.assertTrue(np.array_equal(first, camera.draw_frame(again.scenes[0], 10, 3)))
        self.assertFalse(np.array_equal(first, camera.draw_frame(self.plan.scenes[0], 11, 3)))

    def test_too_few_people_are_refused(self):
        with self.assertRaisesRegex(ValueError, "at least 6 people, got 4"):
            scene.make_plan(3, frames=60, known=3, strangers=1)


class FilesTest(unittest.TestCase):
    def test_a_video_is_written_whole_and_reproducibly(self):
        digests = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                plan = video.make_video(folder, seed=5, frames=12, known=6, strangers=1,
                                        processes=1)
                home = pathlib.Path(folder)
                text = (home / "truth.jsonl").read_text(encoding="utf-8")
                rows = [json.loads(line) for line in text.splitlines()]
                self.assertEqual([row["frame"] for row in rows], list(range(12)))
                people = json.loads((home / "people.json").read_text(encoding="utf-8"))
                self.assertEqual(people["known"], [p.name for p in plan.known])
                for name in people["known"]:
                    self.assertEqual(len(list((home / "enrol" / name).glob("*.jpg"))), 4)
                self.assertGreater((home / "video.mp4").stat().st_size, 10000)
                digest = hashlib.sha256()
                for path in sorted(p for p in home.rglob("*") if p.is_file()):
                    digest.update(path.read_bytes())
                digests.append(digest.hexdigest())
        self.assertEqual(digests[0], digests[1])

    def test_a_photograph_shows_its_face_inside(self):
        pixels, face = photo.draw_photo(identity.cast("test", 5, 1)[0], 0, 5)
        x0, y0, x1, y1 = face["box"]
        self.assertEqual(pixels.shape, (192, 192, 4))
        self.assertTrue(60 < x1 - x0 < 120 and 0 < x0 and x1 < 192 and 0 < y0 and y1 <= 192)


if __name__ == "__main__":
    unittest.main()
