import os
import pathlib
import sys
import tempfile
import time
import unittest

import numpy

import engines
from cases import Case, Setting


class RunTest(unittest.TestCase):
    def test_a_process_that_fails_gives_its_last_line(self):
        with self.assertRaisesRegex(engines.Failed, "^why$"):
            engines.run([sys.executable, "-c", "import sys; sys.exit('what\\nwhy')"], 1)
        with self.assertRaises(engines.NotInstalled):
            engines.run([sys.executable, "-c", "raise SystemExit(3)"], 1)
        with self.assertRaisesRegex(engines.Failed, "^cannot start '/none': No such file or direct"):
            engines.run(["/none"], 1)
        with self.assertRaisesRegex(engines.Failed, "^expected a line of JSON, got: hello$"):
            engines.rows_of("{}\nhello\n")
        with self.assertRaisesRegex(engines.Failed, "^expected a line of JSON, got: no output$"):
            engines.rows_of("")

    def test_a_program_that_takes_too_long_is_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            mark = pathlib.Path(folder, "mark")
            limit, engines.SECONDS_AT_MOST = engines.SECONDS_AT_MOST, 0.3
            try:
                with self.assertRaisesRegex(engines.Failed, "^still running after 0.3 s$"):
                    engines.run([sys.executable, "-c", f"import os, time; open({str(mark)!r}, 'w')"
                                 ".write(str(os.getpid())); time.sleep(60)"], 1)
            finally:
                engines.SECONDS_AT_MOST = limit
            if mark.exists():
                time.sleep(0.1)
                self.assertFalse(os.path.exists(f"/proc/{mark.read_text()}/exe"))

    def test_the_commit_is_that_of_the_program(self):
        self.assertEqual(engines.commit_of("plumb 0.1.0 (abc+changes, GNU 12.2.0)"), "abc+changes")
        self.assertEqual(engines.commit_of("1"), "no commit")

    def test_convolutions_are_taken_together(self):
        steps = [{"operator": "FusedConv", "ms": 3, "gflops": 100},
                 {"operator": "Conv", "ms": 1, "gflops": 20},
                 {"operator": "ConvTranspose", "ms": 1, "gflops": 1},
                 {"operator": "Gemm", "ms": 1, "gflops": 1}]
        self.assertEqual(engines.convolution_gflops(steps), 80)
        self.assertIsNone(engines.convolution_gflops(steps[2:]))


# A program that answers as plumb does, and writes down how it was started.
PROGRAM = """#!/bin/sh
[ $1 = --version ] && echo 'plumb 1 (abc, C)' && exit
echo "$PLUMB_ISA $XDG_CACHE_HOME $*" >> "$(dirname $0)/asked"
case "$*" in *--cache*) cached='"cached": true,';; esac
echo "{$cached \\"median_ms\\": 1, \\"peak_rss_mb\\": 7}"
case "$*" in *--profile*) echo '{"operator": "Conv", "ms": 2, "gflops": 5}';; esac
"""


class PlumbTest(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.folder = pathlib.Path(home.name)
        program = self.folder / "plumb"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        self.plumb = engines.Plumb(program)
        self.case = Case("mlp", pathlib.Path("mlp.onnx"), False, 2, 8,
                         {"x": numpy.zeros((8, 3))}, self.folder)

    def start(self, setting, tune=False):
        self.plumb.prepare(self.case, setting, "/cache", tune)
        row = self.plumb.measure(self.case, setting, "/cache", 1)
        return row, (self.folder / "asked").read_text().splitlines()

    def test_a_setting_becomes_options(self):
        row, asked = self.start(Setting("mlp", "bf16", 2, 8))
        self.assertEqual(asked, [" /cache bench mlp.onnx --threads 2 --precision bf16 --batch 8 "
                                 "--format json --shape x=8x3 --seconds 1"])
        self.assertEqual(row["memory_mb"], 7)

    def test_a_quantised_file_and_fp32_are_what_the_file_says(self):
        _, asked = self.start(Setting("mlp", "int8", forced_isa="avx2"))
        self.assertTrue(asked[0].startswith("avx2 /cache bench"))
        self.assertNotIn("--precision", asked[0])

    def test_a_cached_start_comes_after_one_that_keeps_the_model(self):
        row, asked = self.start(Setting("mlp", start="cached"))
        self.assertTrue(asked[0].endswith("--iters 1 --warmup 0 --cache"))
        self.assertTrue(asked[1].endswith("--seconds 1 --cache"))
        self.assertTrue(row["cached"])

    def test_a_start_that_found_nothing_is_no_cached_one(self):
        program = pathlib.Path(self.plumb.program)
        program.write_text(PROGRAM.replace('"cached": true', '"cached": false'))
        with self.assertRaisesRegex(engines.Failed, "^it did not start from what"):
            self.start(Setting("mlp", start="cached"))

    def test_a_profile_brings_the_convolutions(self):
        row, _ = self.start(Setting("mlp", profile=True))
        self.assertEqual(row["convolution_gflops"], 5)

    def test_kernels_are_measured_where_it_is_asked_for(self):
        _, asked = self.start(Setting("mlp"), tune=True)
        self.assertTrue(asked[0].startswith(" /cache tune mlp.onnx"))


if __name__ == "__main__":
    unittest.main()
