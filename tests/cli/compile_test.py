"""plumb compile as its users run it: the library, what it needs, what the program says."""

import shutil
import subprocess
import unittest

import numpy as np
from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save

FUNCTIONS = ["error", "run", "supported", "workspace_bytes"]


def said(command, cwd=None):
    done = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def make_conv(path):
    """A convolution with its activation, and a product."""
    value = helper.make_tensor_value_info
    random = np.random.default_rng(1)
    weights = [("w", random.normal(size=(8, 3, 3, 3))), ("f", random.normal(size=(8, 5)))]
    save(path, [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
                helper.make_node("Relu", ["c"], ["r"]),
                helper.make_node("GlobalAveragePool", ["r"], ["g"]),
                helper.make_node("Flatten", ["g"], ["v"]),
                helper.make_node("MatMul", ["v", "f"], ["y"])],
         [value("x", TensorProto.FLOAT, ["N", 3, 16, 16])],
         [value("y", TensorProto.FLOAT, ["N", 5])],
         [(name, array.astype(np.float32)) for name, array in weights])


class CompileTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.conv = cls.folder / "conv-net.onnx"
        make_conv(cls.conv)
        cls.made = cls.folder / "made"
        cls.result = plumb("compile", cls.conv, "--output", cls.made, "--batch", 2, "--seconds", 0)

    def test_prints_both_executions(self):
        status, out, err = self.result
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"execution +size_mb +start_ms +latency_ms\n")
        self.assertRegex(out, r"\ninterpreted +\S+ +\S+ +\S+\n *compiled +\S+ +\S+ +\S+\n")
        self.assertIn("libconv_net.so: every output is the interpreter's bit for bit", out)

    def test_as_json(self):
        rows = self.rows("compile", self.linear, "--output", self.folder / "json", "--seconds", 0)
        self.assertEqual([row["execution"] for row in rows], ["interpreted", "compiled"])
        self.assertLess(rows[1]["size_mb"], rows[0]["size_mb"])
        self.assertEqual(list(rows[0]), ["execution", "size_mb", "start_ms", "latency_ms"])

    def test_files_of_others_are_not_replaced(self):
        folder = self.folder / "project"
        folder.mkdir()
        (folder / "README.md").write_text("mine\n")
        self.fails(1, f"'{folder}/README.md' is there already and would be replaced: expected an empty "
                   "folder, or one with an earlier library",
                   "compile", self.linear, "--output", folder)
        self.assertEqual([(p.name, p.read_text()) for p in folder.iterdir()],
                         [("README.md", "mine\n")])
        # Its own it replaces.
        self.assertEqual(plumb("compile", self.conv, "--output", self.made, "--batch", 2,
                               "--seconds", 0)[0], 0)

    def test_writes_these_files_and_no_others(self):
        self.assertEqual(sorted(path.name for path in self.made.iterdir()),
                         ["README.md", "conv_net.cc", "conv_net.h", "conv_net.weights",
                          "libconv_net.so", "main", "main.c"])

    def test_the_library_needs_the_c_library_alone(self):
        library = self.made / "libconv_net.so"
        status, listed, _ = said(["nm", "-D", "--defined-only", library])
        names = [line.split()[-1] for line in listed.splitlines()]
        self.assertEqual((status, names), (0, [f"conv_net_{name}" for name in FUNCTIONS]))
        needed = said(["readelf", "-d", library])[1]
        for line in needed.splitlines():
            if "NEEDED" in line:
                self.assertRegex(line, r"\[(libm|libc|ld-linux-x86-64)\.so\.\d\]")
        undefined = said(["nm", "-D", "--undefined-only", library])[1]
        self.assertNotRegex(undefined, r"malloc|calloc|realloc|aligned_alloc|_Zn|plumb|absl|_ZNS")

    def test_the_header_is_plain_c(self):
        compiler = shutil.which("gcc")
        if compiler is None:
            self.skipTest("no gcc")
        for language, standard in [("c", "c99"), ("c++", "c++11")]:
            self.assertEqual(
                said([compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra",
                      "-pedantic", "-Werror", "-fsyntax-only", "conv_net.h"], cwd=self.made),
                (0, "", ""))

    def test_the_readme_shows_how_to_use_it(self):
        command = next(line.strip() for line in (self.made / "README.md").read_text().splitlines()
                       if line.startswith("    cc "))
        self.assertIn("./main", command)
        status, out, err = said(["sh", "-c", command], cwd=self.made)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, " ".join(["0"] * 8) + "\n")

    def test_what_cannot_be_compiled(self):
        output = ["--output", self.folder / "none"]
        sized = self.folder / "sized.onnx"
        status, out, err = plumb("compile", sized, *output)
        self.assertEqual((status, out), (2, ""))
        self.assertIn("--shape: input 'x'", err)
        self.fails(2, "--threads 2: a compiled library runs on one thread; call it from several "
                   "instead", "compile", self.conv, *output, "--threads", 2)
        self.fails(2, "--name a-b: expected letters, digits and single '_', a letter first",
                   "compile", self.conv, *output, "--name", "a-b")
        self.fails(1, "'no-c++' cannot be run: No such file or directory; the package g++ brings a "
                   "compiler and binutils, the variable CXX names another compiler",
                   "compile", self.conv, *output, CXX="no-c++")
        self.assertFalse((self.folder / "none").exists())

    def test_the_compiler_may_have_arguments(self):
        status, _, err = plumb("compile", self.linear, "--output", self.folder / "with", "--seconds",
                               0, CXX="c++  -g0")
        self.assertEqual((status, err), (0, ""))
        self.fails(1, "no compiler: expected the name of one for C++", "compile", self.linear,
                   "--output", self.folder / "without", CXX="  ")


if __name__ == "__main__":
    unittest.main()
