import os
import pathlib
import tempfile
import unittest

import model_files


class FakePlumb:
    """Writes down what it was to quantise."""

    def __init__(self, program):
        self.program, self.asked, self.failure = program, [], None

    def quantize(self, source, target):
        self.asked.append(source.name)
        target.write_text("half")
        if self.failure:
            raise self.failure
        target.write_text("whole")


class ModelFilesTest(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.folder = pathlib.Path(home.name)
        self.source = self.folder / "net.onnx"
        self.program = self.folder / "plumb"
        for path in (self.source, self.program):
            path.touch()
            os.utime(path, (1000, 1000))
        self.plumb = FakePlumb(self.program)

    def quantised(self):
        return model_files.quantised_file("a/net.onnx", "net", self.source, self.folder / "models",
                                          self.plumb)

    def test_a_quantised_file_is_made_once(self):
        path = self.quantised()
        self.assertEqual(path, (self.folder / "models" / "net_int8.onnx").resolve())
        self.assertEqual(self.quantised(), path)
        self.assertEqual(self.plumb.asked, ["net.onnx"])

    def test_it_is_made_again_when_the_model_or_the_program_is_newer(self):
        path = self.quantised()
        for newer in (self.source, self.program):
            os.utime(path, (2000, 2000))
            os.utime(newer, (3000, 3000))
            self.quantised()
            os.utime(newer, (1000, 1000))
        self.assertEqual(len(self.plumb.asked), 3)

    def test_what_fails_half_way_leaves_no_file(self):
        self.plumb.failure = RuntimeError("killed")
        with self.assertRaises(RuntimeError):
            self.quantised()
        self.assertFalse((self.folder / "models" / "net_int8.onnx").exists())

    def test_a_form_in_integers_that_is_written_by_hand_is_not_quantised(self):
        path = model_files.quantised_file("matmul1024", "matmul1024", self.source, self.folder,
                                          self.plumb)
        self.assertEqual((path.name, self.plumb.asked), ("matmul1024_int8.onnx", []))
        self.assertEqual([file.name for file in self.folder.glob("*.part")], [])

    def test_a_file_of_the_user_is_taken_as_it_is(self):
        self.assertEqual(model_files.float_file(str(self.source), self.folder),
                         self.source.resolve())


if __name__ == "__main__":
    unittest.main()
