import contextlib
import io
import pathlib
import tempfile
import unittest

import compare
from cases import Setting


def options_of(*arguments):
    return compare.parse(["--models", "mlp", *arguments])


class OptionsTest(unittest.TestCase):
    def test_quick_changes_only_what_is_not_given(self):
        quick = options_of("--quick")
        self.assertEqual((quick.threads, quick.pairs, quick.seconds), ([1], 2, 0.3))
        given = options_of("--quick", "--threads", "2,3", "--pairs", "1", "--seconds", "2")
        self.assertEqual((given.threads, given.pairs, given.seconds), ([2, 3], 1, 2))
        self.assertEqual((options_of().pairs, options_of().seconds), (6, 1.5))

    def test_what_makes_no_sense_is_refused(self):
        for option, value, message in [
                ("--pairs", "0", "0 is not above 0"), ("--pairs", "-1", "-1 is not above 0"),
                ("--threads", "1,0", "0 is not above 0"), ("--batches", "0", "0 is not above 0"),
                ("--seconds", "0", "0 is not above 0 and at most 3600"),
                ("--seconds", "nan", "nan is not above 0 and at most 3600"),
                ("--pairs", "x", "invalid positive value: 'x'"),
                ("--precisions", "f32,f16", "no precision 'f16'; there are: f32, bf16, int8"),
                ("--peers", "tvm", "no peer 'tvm'; there are: onnxruntime, opencv")]:
            with self.subTest(option=option, value=value):
                err = io.StringIO()
                with contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as ended:
                    options_of(f"{option}={value}")
                self.assertEqual(ended.exception.code, 2)
                self.assertIn(f"argument {option}: {message}\n", err.getvalue())

    def test_one_round_holds_all_that_runs_the_same_file(self):
        rounds = compare.plan(options_of("--threads", "1", "--precisions", "f32,bf16,int8",
                                         "--cached-start"))
        of_float, of_int8 = rounds.values()
        self.assertEqual(of_float, [Setting("mlp"), Setting("mlp", start="cached"),
                                    Setting("mlp", "bf16"), Setting("mlp", "bf16", start="cached")])
        self.assertEqual(of_int8, [Setting("mlp", "int8"), Setting("mlp", "int8", start="cached")])


class MainTest(unittest.TestCase):
    def main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = compare.main(["--peers", "", *map(str, arguments)])
        return status, out.getvalue(), err.getvalue()

    def test_a_missing_program_is_said_in_one_line(self):
        self.assertEqual(self.main("--plumb", "/none", "--models", "mlp"),
                         (1, "", "compare.py: cannot start '/none': No such file or directory\n"))

    def test_files_that_cannot_be_measured_are_said_and_skipped(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "torn.onnx").write_bytes(b"\x3a\xff\x01torn")
            program = folder / "plumb"
            program.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'plumb 1 (abc, C)' && exit\n"
                               'echo \'{"processor": "P", "cores": 1, "isa": "avx2"}\'\n')
            program.chmod(0o755)
            output = folder / "new" / "output"
            status, out, err = self.main("--plumb", program, "--output", output, "--models",
                                         f"{folder}/none.onnx,{folder}/torn.onnx")
            self.assertEqual((status, err), (1, ""))
            page = (output / "models.md").read_text(encoding="utf-8")
        for text in (out, page):
            self.assertIn(f"{folder}/none.onnx cannot be measured: ", text)
            self.assertIn(f"{folder}/torn.onnx cannot be measured: '{folder}/torn.onnx' is no ONNX "
                          "file: ", text)


if __name__ == "__main__":
    unittest.main()
