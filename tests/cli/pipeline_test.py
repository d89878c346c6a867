"""`plumb pipeline run` and `plumb enroll` as their users run them: options, signals, warnings, files."""

import json
import signal
import subprocess
import time
import unittest

from cli_test import PLUMB, ROOT, CommandLine, plumb

PIPELINE = """
pipeline: pictures
stages:
  video: {{stage: media, source: {source}, rate: native}}
  small: {{stage: resize, size: [32, 32]}}
  out: {{stage: write_video, image: image, path: out.mp4}}
channels:
  - {{from: video, to: small}}
  - {{from: small, to: out, ordered: true}}
"""


class PipelineTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.video = cls.folder / "video.mp4"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
                        "testsrc=size=64x48:rate=20:duration=60", cls.video], check=True,
                       stdin=subprocess.DEVNULL)
        cls.file = cls.folder / "app.yaml"
        cls.file.write_text(PIPELINE.format(source=cls.video))

    def stopped_by(self, *numbers):
        """(report folder, exit status, standard error) of a run that signals end."""
        report = self.folder / f"report{'_'.join(str(int(n)) for n in numbers)}"
        process = subprocess.Popen([PLUMB, "pipeline", "run", self.file, "--report", report],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not (report / "out.mp4").is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.05)
        _, err = process.communicate(timeout=60)
        return report, process.returncode, err

    def written_frames(self, video):
        return int(subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames",
             "-of", "csv=p=0", video], check=True, capture_output=True, text=True).stdout)

    def test_a_signal_ends_the_run_cleanly_and_the_report_is_written(self):
        for number, name, status in [(signal.SIGINT, "SIGINT", 130), (signal.SIGTERM, "SIGTERM", 143)]:
            with self.subTest(signal=number):
                report, ended, err = self.stopped_by(number)
                frames = json.loads((report / "summary.json").read_text())["frames"]
                self.assertTrue(0 < frames < 1200, frames)
                self.assertEqual((ended, err),
                                 (status, f"plumb: stopped by {name} after {frames} frames\n"))
                self.assertEqual(self.written_frames(report / "out.mp4"), frames)
                for file in ("report.html", "records.jsonl", "trace.json", "summary.json"):
                    self.assertGreater((report / file).stat().st_size, 0, file)

    def test_a_second_signal_drops_what_is_under_way_and_keeps_the_records(self):
        report, ended, err = self.stopped_by(signal.SIGINT, signal.SIGTERM)
        self.assertEqual(ended, 130)
        self.assertRegex(err, r"^plumb: stopped by SIGINT after \d+ frames")
        records = [json.loads(line) for line in (report / "records.jsonl").read_text().splitlines()]
        self.assertTrue(any(r.get("what") == "stopped" for r in records))
        self.assertGreater(self.written_frames(report / "out.mp4"), 0)
        self.assertIn("</html>", (report / "report.html").read_text())

    def pictures(self):
        """A pipeline on three pictures of which the second is none."""
        folder = self.folder / "pictures"
        folder.mkdir(exist_ok=True)
        for name in ("a.ppm", "c.ppm"):
            (folder / name).write_bytes(b"P6\n4 4\n255\n" + bytes(48))
        (folder / "b.jpg").write_text("no picture")
        file = self.folder / "pictures.yaml"
        file.write_text(f"""
pipeline: pictures
stages:
  read: {{stage: media, source: pictures}}
  small: {{stage: resize, size: [8, 8]}}
  net: {{stage: model, model: {ROOT}/testdata/pipeline/channel_means.onnx}}
channels: [{{from: read, to: small}}, {{from: small, to: net}}]
""")
        return file

    def test_a_bad_picture_is_a_warning(self):
        status, _, err = plumb("pipeline", "run", self.pictures())
        self.assertEqual(status, 0)
        self.assertRegex(err, "^plumb: warning: 1 frame was skipped in 'read': "
                              ".*/pictures/b.jpg: frame 1: .*\n$")

    def test_kernels_are_measured_meanwhile_when_asked_for(self):
        cache = self.folder / "cache"
        cache.mkdir()
        status, out, err = plumb("pipeline", "run", self.pictures(), "--tune",
                                 XDG_CACHE_HOME=str(cache))
        self.assertEqual(status, 0)
        self.assertIn("net", out)
        self.assertRegex(err, r"\d+ more kernels are measured for the next run\n")

    def test_a_profile_adds_the_steps_of_networks_to_the_records(self):
        report = self.folder / "profiled"
        status, _, _ = plumb("pipeline", "run", self.pictures(), "--profile", "--report", report)
        self.assertEqual(status, 0)
        with (report / "records.jsonl").open() as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(lines[0]["command"][4:], ["--report", str(report), "--profile"])
        stages = {line["id"]: line for line in lines if line.get("where") == "net" and "id" in line}
        steps = [line for line in lines if "parent" in line]
        self.assertEqual(len(stages), 2)
        self.assertGreaterEqual(len(steps), 2)
        for step in steps:
            stage = stages[step["parent"]]
            self.assertEqual((step["kind"], step["trace"]), ("ai", stage["trace"]))
            self.assertTrue(stage["begin"] <= step["begin"] <= step["end"] <= stage["end"])
            self.assertTrue(step["note"])

    def test_mistakes_in_the_file_are_told_with_their_line(self):
        self.file.with_name("loop.yaml").write_text(
            PIPELINE.format(source=self.video).replace("from: video, to: small",
                                                       "from: out, to: small"))
        status, out, err = plumb("pipeline", "run", self.file.with_name("loop.yaml"))
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"^plumb: .*loop\.yaml:\d+: .*\n$")

    def test_mistakes_in_options_name_the_option(self):
        for message, *options in [
                ("--set fast: expected STAGE.KEY=VALUE", "--set", "fast"),
                ("--set small.sise=3: stage 'small': unknown key 'sise'; did you mean 'size'?",
                 "--set", "small.sise=3"),
                ("--set small.size=[1]: stage 'small': 'size' has 1 values, expected 2 or one for all",
                 "--set", "small.size=[1]"),
                ("--set out.replicas=2: stage 'out': it writes one file and has one replica",
                 "--set", "out.replicas=2"),
                ("--set video.source=x: it is given by --source y too: leave one of them out",
                 "--source", "y", "--set", "video.source=x"),
                ("--source: expected a path, got nothing", "--source", "")]:
            with self.subTest(options=options):
                self.fails(2, message, "pipeline", "run", self.file, *options)

    def test_what_is_set_takes_the_place_of_what_the_file_says(self):
        report = self.folder / "set"
        status, _, err = plumb("pipeline", "run", self.file, "--report", report,
                               "--set", "small.size=[16, 8]", "--set", "small.replicas=3",
                               "--set", "channels.out.size=7", "--set", "video.rate=fast",
                               "--set", "video.limit=20")
        self.assertEqual((status, err), (0, ""))
        with (report / "records.jsonl").open() as file:
            graph, = [r for r in map(json.loads, file) if r.get("t") == "graph"]
        self.assertEqual([n["replicas"] for n in graph["nodes"]], [1, 3, 1])
        self.assertEqual([e["capacity"] for e in graph["edges"]], [4, 7])

    def test_media_that_is_cut_short_is_a_warning(self):
        short = self.folder / "cut.avi"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
                        "testsrc=size=64x48:rate=20:duration=3", short], check=True,
                       stdin=subprocess.DEVNULL)
        short.write_bytes(short.read_bytes()[:short.stat().st_size // 2])
        status, _, err = plumb("pipeline", "run", self.file, "--source", short, "--output", self.folder,
                               "--set", "video.rate=fast")
        self.assertEqual(status, 0)
        self.assertRegex(err, rf"^plumb: warning: 'video': {short}: it is cut short: \d+ of 60 frames "
                              r"are there\n")


class EnrollTest(CommandLine):
    PHOTOGRAPHS = ROOT / "apps" / "faces" / "data" / "enrol"

    def setUp(self):
        self.gallery = self.folder / f"{self.id()}.json"
        self.grey = self.folder / "grey.ppm"
        self.grey.write_bytes(b"P6\n64 64\n255\n" + b"p" * (3 * 64 * 64))

    def enroll(self, *arguments):
        return plumb("enroll", self.gallery, *arguments, cwd=ROOT)

    def test_photographs_of_a_known_name_are_added_to_it(self):
        one, two = (self.PHOTOGRAPHS / "test7_000" / f"{i}.jpg" for i in (0, 1))
        self.assertEqual(self.enroll("--name", "Ada", one),
                         (0, f"{self.gallery}: 1 photograph of 1 person added, 1 person in it\n", ""))
        self.assertEqual(self.enroll("--name", "Ada", two),
                         (0, "Ada: known by 1 photograph before, 1 more\n"
                             f"{self.gallery}: 1 photograph of 1 person added, 1 person in it\n", ""))
        person, = json.loads(self.gallery.read_text())["people"]
        self.assertEqual((person["name"], person["photographs"]), ("Ada", 2))

    def test_when_nobody_is_enrolled_that_is_a_failure(self):
        status, out, err = self.enroll("--name", "Ada", "--skip-bad", self.grey)
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err.splitlines()[1:], [
            "plumb: warning: no photograph of 'Ada' could be used",
            f"plumb: nobody was enrolled, '{self.gallery}' is left as it was"])
        self.assertFalse(self.gallery.exists())

    def test_what_cannot_be_enrolled_is_named(self):
        video = ROOT / "apps" / "faces" / "data" / "video.mp4"
        status, _, err = self.enroll("--name", "Ada", video)
        self.assertEqual((status, err), (1, f"plumb: '{video}' is a video, expected a picture\n"))
        self.fails(2, "--name: expected a name, got nothing", "enroll", self.gallery, "--name", " ",
                   self.grey)
        again = self.folder / "again.ppm"
        again.unlink(missing_ok=True)
        again.symlink_to(self.grey)
        for same in (self.grey, again):
            self.fails(2, f"'{same}' is given twice: it would count twice", "enroll", self.gallery,
                       "--name", "Ada", self.grey, same)

    def test_a_bad_photograph_leaves_the_gallery_as_it_was(self):
        one, two = (self.PHOTOGRAPHS / "test7_000" / f"{i}.jpg" for i in (0, 1))
        self.enroll("--name", "Ada", one)
        before = self.gallery.read_text()
        people = self.folder / "people"
        for name, photograph in (("Ada", two), ("Bea", self.grey)):
            (people / name).mkdir(parents=True)
            (people / name / photograph.name).write_bytes(photograph.read_bytes())
        status, out, err = self.enroll("--people", people)
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, "^plumb: no face found in '.*/Bea/grey.ppm': .*\n$")
        self.assertEqual(self.gallery.read_text(), before)


if __name__ == "__main__":
    unittest.main()
