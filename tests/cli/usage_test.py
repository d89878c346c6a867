"""What `plumb` says to wrong usage, and that output which cannot be written is a failure."""

import subprocess
import unittest

import numpy as np
from onnx import TensorProto, helper

from cli_test import COMMANDS, PLUMB, CommandLine, save

SHAPE = "expected sizes such as 1x3x224x224"


class UsageTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one = cls.folder / "one.npy"
        np.save(cls.one, np.ones((1, 3), np.float32))
        cls.x = f"x={cls.one}"
        value = helper.make_tensor_value_info
        cls.fixed = cls.folder / "fixed.onnx"
        save(cls.fixed, [helper.make_node("Relu", ["x"], ["y"])],
             [value("x", TensorProto.FLOAT, [2, 3])], [value("y", TensorProto.FLOAT, [2, 3])])

    def misused(self, cases):
        for message, arguments in cases:
            with self.subTest(arguments=arguments):
                self.fails(2, message, *arguments)

    def test_commands_and_options_that_are_not_there(self):
        self.misused([
            (f"expected a command: {COMMANDS}", []),
            (f"unknown command 'serve'; there are {COMMANDS}", ["serve"]),
            ("expected a command: run", ["pipeline"]),
            ("unknown option '--fast'", ["run", self.linear, "--fast"]),
            ("unknown option '--fast'", ["run", "--fast"]),
            ("unknown option '--versio'", ["--versio"]),
            ("unexpected argument 'more'", ["run", self.linear, "more"])])

    def test_what_is_missing(self):
        self.misused([
            ("MODEL is missing", ["run"]),
            ("FILE, --output are missing", ["report"]),
            ("DIR is missing", ["conformance"]),
            ("expected MODEL, or --cpu for this machine", ["inspect"]),
            ("--threads needs a value", ["run", self.linear, "--threads"]),
            ("--input needs a value", ["run", self.linear, "--input"]),
            ("expected --name NAME and at least one IMAGE, or --people FOLDER",
             ["enroll", "gallery.json"])])

    def test_values_that_are_none(self):
        threads = "--threads: expected a whole number from 1 to 1024, got "
        self.misused([
            (threads + "'many'", ["run", self.linear, "--threads", "many"]),
            (threads + "'0'", ["run", self.linear, "--threads=0"]),
            (threads + "'1.5'", ["run", self.linear, "--threads", "1.5"]),
            ("--seconds: expected a number from 0 to 3600, got 'nan'",
             ["bench", self.linear, "--seconds", "nan"]),
            ("--format: expected table or json, got 'xml'", ["run", self.linear, "--format", "xml"]),
            ("--profile takes no value", ["bench", self.linear, "--profile=maybe"]),
            ("--input x: expected NAME=FILE (.npy, .pb or .json)", ["run", self.linear, "--input", "x"]),
            ("--input: the model has no input 'z'", ["run", self.linear, "--input", "z=a.npy"]),
            ("--shape: no input 'z'; there is x", ["run", self.linear, "--shape", "z=1x3"]),
            ("--shape 1x3: expected NAME=1x3x224x224", ["run", self.linear, "--shape", "1x3"]),
            (f"--shape: 'axb' is no shape: {SHAPE}", ["run", self.linear, "--shape", "x=axb"]),
            (f"--shape: '1x3x' is no shape: {SHAPE}", ["run", self.linear, "--shape", "x=1x3x"]),
            ("--shape: input 'x' leaves dimension 1 (length) open: give its sizes",
             ["bench", self.folder / "sized.onnx"]),
            ("--precision auto is for run, bench, compare and quantize: `plumb quantize --precision "
             "auto` writes a file that every command takes as it is",
             ["tune", self.linear, "--precision", "auto"]),
            ("--max-error is for --precision auto: leave it out, or ask for that",
             ["run", self.linear, "--max-error", "0.1"]),
            ("--cache: what --precision auto finds is not kept; `plumb quantize --precision auto` "
             "writes it to a file",
             ["run", self.linear, "--precision", "auto", "--cache"]),
            ("--samples is for --precision auto: leave it out, or ask for that",
             ["bench", self.linear, "--precision", "bf16", "--samples", "2"]),
            ("--percentile is of --method percentile: ask for that, or leave it out",
             ["quantize", self.linear, "--samples", "2", "--percentile", "99", "--output",
              self.folder / "never.onnx"]),
            ("--input: the model has no input 'nowhere'",  # before the search
             ["run", self.linear, "--precision", "auto", "--input", "nowhere=x.npy"]),
            ("--worst-first sorts errors of layers, which --precision auto does not list: leave it out",
             ["quantize", self.linear, "--samples", "2", "--precision", "auto", "--worst-first",
              "--output", self.folder / "never.onnx"]),
            ("--max-error is for --precision auto: leave it out, or ask for that",
             ["quantize", self.linear, "--samples", "2", "--max-error", "0.1", "--output",
              self.folder / "never.onnx"]),
            ("--precision int8 needs a quantised file: `plumb quantize` makes one of a float file",
             ["bench", self.linear, "--precision", "int8"]),
            ("--precision f8 is unknown: expected f32, bf16, int8 or auto",
             ["run", self.linear, "--precision", "f8"])])

    def test_options_that_contradict_each_other(self):
        self.misused([
            ("--threads is given twice: give it once",
             ["run", self.linear, "--threads", 1, "--threads", 2]),
            ("--input: 'x' is given twice: give one file for it",
             ["run", self.linear, "--input", self.x, "--input", self.x]),
            ("--shape: 'x' is given twice: give its sizes once",
             ["bench", self.linear, "--shape", "x=1x3", "--shape", "x=2x3"]),
            ("input 'x' is given by --input and by --shape: the file has a shape, leave --shape out",
             ["run", self.linear, "--input", self.x, "--shape", "x=1x3"]),
            ("--batch 4: --shape sets a batch of 2; leave one of them out",
             ["bench", self.linear, "--batch", 4, "--shape", "x=2x3", "--iters", 1]),
            ("--batch 4: the model leaves no first dimension open; leave --batch out",
             ["bench", self.fixed, "--batch", 4, "--iters", 1]),
            ("--iters and --seconds exclude each other: leave one of them out",
             ["bench", self.linear, "--iters", 1, "--seconds", 1]),
            ("--cpu measures this machine, MODEL is not for it: leave one of them out",
             ["inspect", self.linear, "--cpu"]),
            ("--cpu measures this machine, --shape is not for it: leave one of them out",
             ["inspect", "--cpu", "--shape", "x=1x3"])])

    def test_a_batch_that_is_so_already_is_none(self):
        for batch in (1, 2):
            row, = self.rows("bench", self.fixed, "--batch", batch, "--iters", 1)
            self.assertEqual(row["batch"], 2)


class OutputTest(CommandLine):
    def test_output_that_cannot_be_written_is_a_failure(self):
        for arguments in [["--help"], ["--version"], ["bench", "--help"],
                          ["pipeline", "run", "--help"], ["run", self.linear],
                          ["bench", self.linear, "--iters", "1"], ["inspect", self.linear]]:
            with self.subTest(arguments=arguments), open("/dev/full", "w") as full:
                done = subprocess.run([PLUMB, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60)
                self.assertEqual((done.returncode, done.stderr), (
                    1, "plumb: standard output cannot be written: No space left on device\n"))


if __name__ == "__main__":
    unittest.main()
