"""`plumb run --image` as its users run it: what a model gets of a picture, and what is said where a
picture does not fit."""

import unittest

import numpy as np
from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save

COLOUR = (255, 128, 51)


def save_identity(path, **inputs):
    """A model that gives back each input, (type, shape), under its name with _out."""
    value = helper.make_tensor_value_info
    save(path, [helper.make_node("Identity", [name], [f"{name}_out"]) for name in inputs],
         [value(name, *info) for name, info in inputs.items()],
         [value(f"{name}_out", *info) for name, info in inputs.items()])
    return path


class ImageTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.picture = cls.folder / "picture.ppm"
        cls.picture.write_bytes(b"P6 40 30 255\n" + bytes(COLOUR) * 1200)
        f32 = TensorProto.FLOAT
        cls.planar = save_identity(cls.folder / "planar.onnx", x=(f32, ["N", 3, 8, 8]))
        cls.two = save_identity(cls.folder / "two.onnx", a=(f32, [1, 3, 8, 8]),
                                b=(f32, [1, 3, 8, 8]))
        cls.open = save_identity(cls.folder / "open.onnx", x=(f32, ["N", 3, "H", "W"]))
        cls.bytes = save_identity(cls.folder / "bytes.onnx", x=(TensorProto.UINT8, [1, 8, 8, 3]))

    def colour(self, model, *arguments, output="x_out", channels_last=False):
        """The three numbers of the pixel in the middle that the model got."""
        out = self.folder / "out"
        self.assertEqual(plumb("run", model, "--output", out, *arguments)[::2], (0, ""))
        array = np.load(out / f"{output}.npy")
        return array[0, 4, 4] if channels_last else array[0, :, 4, 4]

    def test_pixels_are_normalised_as_asked(self):
        imagenet = (np.array(COLOUR) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        for expected, arguments in [
                (imagenet, []),
                (np.array(COLOUR) / 255, ["--mean", "0", "--std", "255"]),
                ((0, 63, -6.5), ["--mean", "255,2,64", "--std", "1,2,2"])]:
            np.testing.assert_allclose(
                self.colour(self.planar, "--image", self.picture, *arguments), expected, rtol=1e-4,
                atol=1e-3)

    def test_an_input_of_bytes_takes_the_pixels_in_its_layout(self):
        got = self.colour(self.bytes, "--image", self.picture, channels_last=True)
        self.assertEqual(tuple(got), COLOUR)

    def test_open_sizes_come_from_shape(self):
        self.fails(2, "--shape: input 'x' leaves dimension 2 (H) open: give its sizes",
                   "run", self.open, "--image", self.picture)
        got = self.colour(self.open, "--image", self.picture, "--shape", "x=1x3x9x12", "--mean", "0",
                          "--std", "1")
        np.testing.assert_allclose(got, COLOUR, rtol=1e-4)

    def test_a_name_says_which_input(self):
        self.fails(2, "--image: several inputs take pictures (a, b): say which with NAME=FILE",
                   "run", self.two, "--image", self.picture)
        got = self.colour(self.two, "--image", f"b={self.picture}", "--std", "1", "--mean", "0",
                          output="b_out")
        np.testing.assert_allclose(got, COLOUR, rtol=1e-4)

    def test_what_does_not_fit_is_said(self):
        np.save(self.folder / "a.npy", np.zeros((1, 3, 8, 8), np.float32))
        (self.folder / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0")
        for status, message, arguments in [
                (2, "--image: no input is left that takes a picture: input 'x' takes f32 of shape "
                    "1x3, and a picture needs an input of floats or uint8, [batch, 3 or 1, height, "
                    "width] or [batch, height, width, 3 or 1]",
                 [self.linear, "--image", self.picture]),
                (2, "input 'a' is given by --input and by --image: leave one of them out",
                 [self.two, "--input", f"a={self.folder}/a.npy", "--image", f"a={self.picture}"]),
                (2, "--mean: expected one number or three, R,G,B",
                 [self.planar, "--image", self.picture, "--mean", "1,2"]),
                (2, "--mean: expected a finite number, got 'nan'",
                 [self.planar, "--image", self.picture, "--mean", "nan"]),
                (2, "--std: expected a finite number, got 'inf'",
                 [self.planar, "--image", self.picture, "--std", "1,inf,1"]),
                (2, "--image: no input is left that takes a picture: input 'x' takes f32 of shape "
                    "1x3x1x2000000000, and a picture has at most 65536 rows and columns",
                 [self.open, "--image", self.picture, "--shape", "x=1x3x1x2000000000"]),
                (1, "input 'x': takes f32 of shape 1x3x1x2000000000, and a picture has at most "
                    "65536 rows and columns",
                 [self.open, "--image", f"x={self.picture}", "--shape", "x=1x3x1x2000000000"]),
                (2, "--std must be above 0: pixels are divided by it",
                 [self.planar, "--image", self.picture, "--std", "0"]),
                (2, "--mean and --std are for --image", [self.planar, "--mean", "1"]),
                (1, f"cannot read '{self.folder}/none.jpg': No such file or directory",
                 [self.planar, "--image", self.folder / "none.jpg"])]:
            with self.subTest(message):
                self.fails(status, message, "run", *arguments)
        status, _, err = plumb("run", self.planar, "--image", self.folder / "bad.jpg")
        self.assertEqual(status, 1)
        self.assertRegex(err, rf"^plumb: cannot read '{self.folder}/bad.jpg': .*\n$")


if __name__ == "__main__":
    unittest.main()
