"""The program as its users run it: exit status, what it prints, what it writes.

Runs build/plumb, or what PLUMB_BINARY names. The models are made here.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PLUMB = pathlib.Path(os.environ.get("PLUMB_BINARY", ROOT / "build" / "plumb"))
COMMANDS = ("run, bench, tune, compare, compile, quantize, inspect, conformance, pipeline, enroll, "
            "regret, report")


def plumb(*arguments, cwd=None, **environment):
    """(exit status, standard output, standard error)."""
    done = subprocess.run([PLUMB, *map(str, arguments)], cwd=cwd, timeout=240, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


def save(path, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, "test", inputs, outputs,
                              [numpy_helper.from_array(a, name) for name, a in initializers])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7),
              str(path))


def make_models(folder):
    """linear.onnx: x[N,3] to "scores/all"[N,2]; sized.onnx leaves a second size open."""
    value = helper.make_tensor_value_info
    weight = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    save(folder / "linear.onnx", [helper.make_node("MatMul", ["x", "w"], ["scores/all"])],
         [value("x", TensorProto.FLOAT, ["N", 3])],
         [value("scores/all", TensorProto.FLOAT, ["N", 2])], [("w", weight)])
    save(folder / "sized.onnx", [helper.make_node("Relu", ["x"], ["y"])],
         [value("x", TensorProto.FLOAT, ["N", "length"])],
         [value("y", TensorProto.FLOAT, ["N", "length"])])
    save(folder / "strange.onnx", [helper.make_node("Frobnicate", ["x"], ["y"], name="frob")],
         [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])])


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not PLUMB.is_file():
            raise unittest.SkipTest(f"{PLUMB} is not built")
        cls.home = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.home.name)
        make_models(cls.folder)
        cls.linear = cls.folder / "linear.onnx"

    @classmethod
    def tearDownClass(cls):
        cls.home.cleanup()

    def fails(self, status, message, *arguments, **environment):
        """The command ends with this status and one line on standard error; where its usage is
        wrong, the line names the command and its help."""
        line = f"plumb: {message}\n"
        if status == 2:
            words = arguments[:2 if arguments[:1] == ("pipeline",) else 1]
            command = " ".join(["plumb", *(w for w in words if w in COMMANDS.split(", ") + ["run"])])
            line = f"{command}: {message}; see {command} --help\n"
        self.assertEqual(plumb(*arguments, **environment), (status, "", line), arguments)

    def rows(self, *arguments):
        status, out, err = plumb(*arguments, "--format", "json")
        self.assertEqual((status, err), (0, ""))
        return [json.loads(line) for line in out.splitlines()]


class UsageTest(CommandLine):
    def test_every_command_has_help_with_an_example(self):
        for words in [[], *[[c] for c in COMMANDS.split(", ")], ["pipeline", "run"]]:
            status, out, err = plumb(*words, "--help")
            self.assertEqual((status, err), (0, ""), words)
            self.assertIn("Example: plumb ", out, words)

    def test_the_version_names_a_commit(self):
        status, out, _ = plumb("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^plumb \d+\.\d+\.\d+ \(([0-9a-f]+(\+changes)?|no commit), ")

    def test_an_instruction_set_that_is_unknown_is_an_error(self):
        status, out, err = plumb("run", self.linear, PLUMB_ISA="mmx")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"^plumb: PLUMB_ISA=mmx: unknown instruction set; available: scalar.*\n$")


class RunTest(CommandLine):
    def test_outputs_are_named_typed_and_written(self):
        np.save(self.folder / "x.npy", np.array([[1, 0, 0], [0, 0, 2]], np.float32))
        out = self.folder / "out"
        rows = self.rows("run", self.linear, "--input", f"x={self.folder / 'x.npy'}",
                         "--output", out)
        self.assertEqual([(r["output"], r["type"], r["shape"]) for r in rows],
                         [("scores/all", "f32", "2x2")])
        self.assertRegex(rows[0]["digest"], r"^[0-9a-f]{16}$")
        np.testing.assert_array_equal(np.load(out / "scores_all.npy"), [[1, 2], [10, 12]])

    def test_a_tensor_file_of_onnx_is_an_input_too(self):
        tensor = numpy_helper.from_array(np.array([[0, 1, 0]], np.float32), "x")
        (self.folder / "x.pb").write_bytes(tensor.SerializeToString())
        out = self.folder / "out_pb"
        status, _, err = plumb("run", self.linear, "--input", f"x={self.folder / 'x.pb'}",
                               "--output", out)
        self.assertEqual((status, err), (0, ""))
        np.testing.assert_array_equal(np.load(out / "scores_all.npy"), [[3, 4]])

    def test_the_seed_decides_the_inputs_and_the_threads_change_nothing(self):
        # Large enough to be split into more tasks than there are threads.
        value = helper.make_tensor_value_info
        conv = self.folder / "conv.onnx"
        save(conv, [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
             [value("x", TensorProto.FLOAT, [1, 64, 57, 57])],
             [value("y", TensorProto.FLOAT, [1, 96, 57, 57])],
             [("w", np.random.default_rng(0).standard_normal((96, 64, 3, 3)).astype(np.float32))])
        digest = lambda *more: self.rows("run", conv, *more)[0]["digest"]
        digests = {digest("--random", 5, "--threads", threads) for threads in (1, 2, 3)}
        self.assertEqual(len(digests), 1)
        self.assertNotIn(digest("--random", 6), digests)

    def test_labels_name_the_best_classes(self):
        np.save(self.folder / "one.npy", np.array([[1, 0, 0]], np.float32))
        (self.folder / "labels.txt").write_text("cat\ndog\n")
        status, out, _ = plumb("run", self.linear, "--input", f"x={self.folder / 'one.npy'}",
                               "--labels", self.folder / "labels.txt")
        self.assertEqual(status, 0)
        self.assertEqual([line.split() for line in out.splitlines()[-3:]],
                         [["label", "score"], ["dog", "2.00"], ["cat", "1.00"]])
        rows = self.rows("run", self.linear, "--input", f"x={self.folder / 'one.npy'}",
                         "--labels", self.folder / "labels.txt")
        self.assertEqual(rows[1:], [{"label": "dog", "score": 2}, {"label": "cat", "score": 1}])

    def test_labels_must_be_as_many_as_scores(self):
        labels = self.folder / "three.txt"
        labels.write_text("background\ncat\ndog\n")
        status, _, err = plumb("run", self.linear, "--random", 1, "--labels", labels)
        self.assertEqual((status, err), (
            1, f"plumb: '{labels}' has 3 lines, the first output has 2 elements: expected a label "
               "for each\n"))

    def test_two_outputs_never_share_a_file(self):
        value = helper.make_tensor_value_info
        model, folder = self.folder / "alike.onnx", self.folder / "alike"
        save(model, [helper.make_node("Relu", ["x"], ["o/1"]), helper.make_node("Neg", ["x"], ["o_1"])],
             [value("x", TensorProto.FLOAT, [2])],
             [value(name, TensorProto.FLOAT, [2]) for name in ("o/1", "o_1")])
        self.fails(1, f"output 'o_1' and another would both be written to '{folder}/o_1.npy': rename "
                   "one of them in the model", "run", model, "--random", 1, "--output", folder)

    def test_files_that_cannot_be_used_are_named(self):
        missing = self.folder / "missing.onnx"
        torn = self.folder / "torn.onnx"
        torn.write_bytes(self.linear.read_bytes()[:40])
        (self.folder / "bad.npy").write_bytes(b"no numpy file")
        for arguments, what in [
                (["run", missing], str(missing)),
                (["inspect", torn], str(torn)),
                (["run", self.folder / "strange.onnx"], "node 'frob' (Frobnicate)"),
                (["run", self.linear, "--input", f"x={self.folder / 'bad.npy'}"], "bad.npy"),
                (["run", self.linear, "--shape", "x=1000000000000x3"], "f32 1000000000000x3"),
                (["bench", self.linear, "--shape", "x=1000000000000x3"], "f32 1000000000000x3"),
                (["pipeline", "run", self.folder / "none.yaml"], "none.yaml"),
                (["report", self.linear, "--output", self.folder / "r.html"], str(self.linear)),
                (["conformance", missing], str(missing))]:
            with self.subTest(arguments=arguments):
                status, out, err = plumb(*arguments)
                self.assertEqual((status, out), (1, ""), err)
                self.assertEqual(err.count("\n"), 1, err)
                self.assertTrue(err.startswith("plumb: "), err)
                self.assertIn(what, err)


class FiguresTest(CommandLine):
    def test_bench_gives_the_keys_of_the_contract(self):
        row, = self.rows("bench", self.linear, "--iters", 7, "--threads", 1, "--batch", 4)
        self.assertEqual(set(row), {"model", "threads", "batch", "precision", "isa", "iters",
                                    "min_ms", "median_ms", "p90_ms", "p99_ms", "load_ms",
                                    "peak_rss_mb", "gflops"})
        self.assertEqual((row["model"], row["threads"], row["batch"], row["iters"]),
                         ("linear.onnx", 1, 4, 7))
        self.assertLessEqual(row["min_ms"], row["median_ms"])
        self.assertLessEqual(row["median_ms"], row["p99_ms"])

    def test_bench_does_not_count_the_memory_of_the_process_that_starts_it(self):
        held = bytearray(300 << 20)
        held[::4096] = b"1" * len(held[::4096])
        row, = self.rows("bench", self.linear, "--iters", 1)
        self.assertLess(row["peak_rss_mb"], 250)

    def test_bench_reports_the_batch_that_ran(self):
        sized = self.folder / "sized.onnx"
        for batch, arguments in [(1, [self.linear]), (8, [self.linear, "--shape", "x=8x3"]),
                                 (8, [self.linear, "--shape", "x=8x3", "--batch", 8]),
                                 (2, [sized, "--shape", "x=2x5"])]:
            row, = self.rows("bench", *arguments, "--iters", 1)
            self.assertEqual(row["batch"], batch, arguments)

    def test_a_profile_has_a_row_for_each_step(self):
        _, step = self.rows("bench", self.linear, "--iters", 3, "--profile")
        self.assertEqual(step["operator"].lower().count("matmul"), 1)
        self.assertEqual(set(step), {"step", "operator", "algorithm", "shape", "ms", "gflops",
                                     "gbytes_per_s", "of_peak", "of_memory"})
        self.assertGreater(step["of_peak"], 0)

    def test_a_precision_is_what_is_multiplied(self):
        row, = self.rows("bench", self.linear, "--iters", 1, "--precision", "bf16")
        self.assertEqual(row["precision"], "bf16")
        row, = self.rows("bench", self.linear, "--iters", 1)
        self.assertEqual(row["precision"], "f32")

    def test_conformance_counts_and_fails_by_the_data(self):
        case = self.folder / "cases" / "linear"
        data = case / "test_data_set_0"
        data.mkdir(parents=True)
        (case / "model.onnx").write_bytes(self.linear.read_bytes())
        def write(name, array):
            (data / name).write_bytes(numpy_helper.from_array(
                np.array(array, np.float32)).SerializeToString())
        write("input_0.pb", [[1, 1, 1]])
        write("output_0.pb", [[9, 12]])
        status, out, _ = plumb("conformance", case.parent)
        self.assertEqual((status, out.splitlines()[-1]), (0, "1 passed, 0 failed, 0 skipped"))
        write("output_0.pb", [[9, 13]])
        status, out, err = plumb("conformance", case.parent)
        self.assertEqual((status, out.splitlines()[-1]), (1, "0 passed, 1 failed, 0 skipped"))
        self.assertIn("linear", out.splitlines()[0])
        self.assertEqual(err, "plumb: 1 of 1 conformance cases failed\n")
        _, out, _ = plumb("conformance", case.parent, "--format", "json")
        finding, counts = map(json.loads, out.splitlines())
        self.assertEqual((finding["result"], finding["cases"]), ("failed", ["linear"]))
        self.assertIn("expected 13", finding["reason"])
        self.assertEqual(counts, {"passed": 0, "failed": 1, "skipped": 0})


if __name__ == "__main__":
    unittest.main()
