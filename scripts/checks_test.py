"""The checks find what they are there to find."""

import pathlib
import subprocess
import tempfile
import unittest

import check_layers
import check_size
import check_text
import run_tests
from source_files import ROOT

ROOMS = {"core": (0, "", set()), "graph": (1, "", {"core"}), "engine": (2, "", {"core", "graph"})}


def layer_problems(path, target, bracket='"'):
    return check_layers.check_include(f"{path}:1", path, path.split("/")[1], bracket, target, ROOMS)


class LayersTest(unittest.TestCase):
    def test_a_room_includes_only_what_its_row_allows(self):
        self.assertEqual(layer_problems("src/graph/graph.cc", "core/shape.h"), [])
        self.assertEqual(layer_problems("src/graph/graph.cc", "graph/attr.h"), [])
        self.assertEqual(layer_problems("src/graph/graph.cc", "engine/session.h"),
                         ['src/graph/graph.cc:1: graph includes "engine/session.h"; '
                          "it may include core"])

    def test_sources_of_one_instruction_set_share_nothing(self):
        self.assertEqual(layer_problems("src/engine/sum_avx2.cc", "immintrin.h", "<"), [])
        self.assertEqual(layer_problems("src/engine/sum_avx2.cc", "engine/sum.h"), [])
        self.assertEqual(len(layer_problems("src/engine/sum_avx2.cc", "vector", "<")), 1)
        self.assertEqual(len(layer_problems("src/engine/sum_avx512vnni.cc", "core/shape.h")), 1)

    def test_public_headers_are_those_that_others_reach(self):
        includes = {
            "src/graph/graph.cc": [(1, '"', "core/tensor.h")],
            "src/core/tensor.h": [(1, '"', "core/shape.h")],
            "src/core/shape.h": [],
            "src/core/private.h": [],
            "src/core/tensor.cc": [(1, '"', "core/private.h")],
        }
        self.assertEqual(check_layers.public_headers(includes),
                         {"src/core/tensor.h", "src/core/shape.h"})

    def test_rooms_below_never_include_rooms_above(self):
        cycle = {**ROOMS, "core": (0, "", {"engine"})}
        self.assertEqual(check_layers.check_order(cycle),
                         ["src/rooms.txt: core (layer 0) may include engine (layer 2)"])
        self.assertEqual(check_layers.check_order(ROOMS), [])

    def test_the_rooms_of_the_tree_can_be_read(self):
        rooms = check_layers.read_rooms()
        self.assertEqual(rooms["core"][2], set())
        self.assertIn("core", rooms["cli"][2])
        self.assertNotIn("cli", rooms["cli"][2])


class SizeTest(unittest.TestCase):
    def lengths(self, text):
        return {name: count for name, _, count in check_size.functions(text.splitlines())}

    def test_functions_are_told_from_other_blocks(self):
        text = """
namespace plumb {
struct Point {
  int x() const { return x_; }
  int Sum() const {
    if (x_ > 0) {
      return x_;
    }
    return 0;
  }
};

StatusOr<std::vector<std::int64_t>> LongNames(int first_argument,
                                              int second_argument) {
  for (int i = 0; i < 2; ++i) {
    Use(i);
  }
  return {};
}

TEST_F(PointTest, Sums) {
  auto use = [](int x) {
    return x;
  };
  use(1);
}
}  // namespace plumb
"""
        self.assertEqual(self.lengths(text),
                         {"Sum": 6, "LongNames": 7, "TEST_F(PointTest,Sums)": 6})

    def test_a_function_after_a_comment_and_a_constructor(self):
        text = """
// Says hello.
void Hello() {
  Print();
}

Pool::Pool(int threads)
    : threads_(threads) {
  Start();
}
"""
        self.assertEqual(self.lengths(text), {"Hello": 3, "Pool::Pool": 4})


class TextTest(unittest.TestCase):
    def problems(self, name, text):
        with tempfile.TemporaryDirectory(dir=ROOT / "scripts") as folder:
            path = pathlib.Path(folder, name)
            path.write_text(text, encoding="utf-8")
            return check_text.check_file(str(path.relative_to(ROOT)))

    def test_what_does_not_belong_is_named(self):
        home = "/ho" + "me/user/model.onnx"
        for name, text in [("a.cc", f'Open("{home}");'), ("a.md", f"see {home}"),
                           ("a.py", "x = 1  # TO" + "DO"), ("a.h", "int x; "),
                           ("a.ts", "// no lon" + "ger needed"), ("a.cc", "// " + "-" * 20)]:
            self.assertEqual(len(self.problems(name, text + "\n")), 1, text)

    def test_ordinary_text_passes(self):
        text = "// reads $HOME/models and src/work/x.cc, no more than two\n"
        self.assertEqual(self.problems("a.cc", text), [])


class CountTest(unittest.TestCase):
    def read(self, xml):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "report.xml")
            path.write_text(xml, encoding="utf-8")
            return run_tests.read_cases(path, "t")

    def test_cases_of_a_report_are_counted(self):
        count = self.read(
            '<testsuites><testsuite><testcase name="a" classname="S" status="run"/>'
            '<testcase name="b" classname="S" status="run"><failure message="m">why</failure>'
            '</testcase><testcase name="c" classname="S" status="run"><skipped message="no amx"/>'
            '</testcase><testcase name="d" classname="S" status="notrun"/></testsuite></testsuites>')
        self.assertEqual(count.passed, 1)
        self.assertEqual(count.failed, [("t: S.b", "why")])
        self.assertEqual(count.skipped, [("t: S.c", "no amx"), ("t: S.d", "disabled")])

    def test_a_report_cut_short_is_no_report(self):
        self.assertIsNone(self.read("<testsuites><testsuite>"))

    def test_commands_fail_hang_and_are_missing(self):
        self.assertEqual(run_tests.one_case("n", ["true"]).passed, 1)
        self.assertEqual(len(run_tests.one_case("n", ["false"]).failed), 1)
        self.assertEqual(len(run_tests.one_case("n", ["sh", "-c", "exit 77"]).skipped), 1)
        self.assertEqual(run_tests.run(["sleep", "5"], timeout=0.1)[0], 124)
        self.assertEqual(run_tests.run(["no-such-command"])[0], 127)


class PackagesTest(unittest.TestCase):
    def test_every_line_has_a_known_kind_and_group(self):
        lines = (ROOT / "scripts" / "packages.txt").read_text(encoding="utf-8").splitlines()
        rows = [line.split() for line in lines if line and not line.startswith("#")]
        for row in rows:
            self.assertEqual(len(row), 3, row)
            self.assertRegex(row[0], r"^(cmd|header|python|file):.")
            self.assertIn(row[2], ("build", "demo", "test", "check", "bench", "train"))

    def test_usage_and_listing(self):
        script = ROOT / "scripts" / "install_packages.sh"
        self.assertEqual(subprocess.run([script], capture_output=True, check=False).returncode, 2)
        listed = subprocess.run([script, "--list", "test"], capture_output=True, check=True,
                                text=True)
        self.assertNotIn("git", listed.stdout.split())


if __name__ == "__main__":
    unittest.main()
