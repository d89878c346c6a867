import unittest

import onnx
from onnx import shape_inference

import models

# As published: parameters of what training changes, and millions of multiply-adds of one item. SSD is
# given as 6.8 M and 1.2 G there; of a temporal network and of small ones it is what their layers say.
PUBLISHED = {
    "resnet50": (25_557_032, 4089),
    "resnet18": (11_689_512, 1814),
    "resnet34": (21_797_672, 3664),
    "resnet101": (44_549_160, 7801),
    "resnet152": (60_192_808, 11514),
    "mobilenet_v1": (4_231_976, 569),
    "mobilenet_v2": (3_504_872, 301),
    "squeezenet1_0": (1_248_424, 819),
    "squeezenet1_1": (1_235_496, 349),
    "shufflenet_v1": (1_865_728, 137),
    "densenet121": (7_978_856, 2834),
    "googlenet": (6_998_552, 1583),
    "inception_v3": (23_834_568, 5713),
    "alexnet": (60_965_224, 724),
    "alexnet_torchvision": (61_100_840, 714),
    "vgg16": (138_357_544, 15470),
    "ssd_mobilenet": (6_819_839, 1237),
    "unet": (31_030_658, 48096),
    "tcn": (32 * 128 * 3 + 15 * 128 * 128 * 3 + 16 * 128 + 33 * 128 + 129 * 10, 821.8),
    "bert_base": (109_482_240, 11174),
    "mlp": (669_706, 0.67),
    "matmul1024": (1024 * 1024, 1.0486),
}
# Hundreds of megabytes: their files are not made.
LARGE = ("vgg16", "bert_base", "alexnet", "alexnet_torchvision", "unet", "resnet101", "resnet152")


class CountingRandom:
    """Weights of zeros, for tests that look at sizes only."""

    def standard_normal(self, shape, dtype):
        return models.builder.numpy.zeros(shape, dtype)

    def uniform(self, _low, _high, size):
        return models.builder.numpy.ones(size)


def build_sizes(name):
    builder = models.Builder(name)
    builder.random = CountingRandom()
    models.MODELS[name](builder)
    return builder


class ModelsTest(unittest.TestCase):
    def test_every_model_has_its_published_size(self):
        self.assertEqual(set(PUBLISHED), set(models.MODELS))
        for name, (parameters, macs) in PUBLISHED.items():
            with self.subTest(name):
                builder = build_sizes(name)
                self.assertEqual(builder.parameters, parameters)
                self.assertAlmostEqual(builder.macs / 1e6, macs, delta=0.006 * macs)

    def test_files_are_valid_and_their_shapes_are_those_of_the_builder(self):
        for name in models.MODELS:
            if name in LARGE:
                continue
            with self.subTest(name):
                builder = build_sizes(name)
                model = builder.model()
                onnx.checker.check_model(model, full_check=True)
                inferred = shape_inference.infer_shapes(model, strict_mode=True)
                for value in [*inferred.graph.value_info, *inferred.graph.output]:
                    dims = value.type.tensor_type.shape.dim
                    expected = builder.shapes.get(value.name)
                    if expected is not None and dims[0].dim_param == "batch":
                        self.assertEqual(tuple(d.dim_value for d in dims)[1:], expected, value.name)

    def test_forms_in_integers_are_valid_and_of_the_same_size(self):
        for name, build in models.QUANTISED.items():
            with self.subTest(name):
                builder = models.build(name, quantised=True)
                onnx.checker.check_model(builder.model(), full_check=True)
                self.assertEqual((builder.parameters, round(builder.macs / 1e6, 4)), PUBLISHED[name])

    def test_ssd_has_a_box_for_each_of_its_1917_places(self):
        outputs = [value for value in build_sizes("ssd_mobilenet").model().graph.output]
        self.assertEqual([[d.dim_value for d in value.type.tensor_type.shape.dim][1:]
                          for value in outputs], [[1917, 4], [1917, 91]])

    def test_the_seed_decides_the_weights(self):
        def weights(seed):
            return models.build("mlp", seed).model().graph.initializer[0].raw_data

        self.assertEqual(weights(3), weights(3))
        self.assertNotEqual(weights(3), weights(4))


if __name__ == "__main__":
    unittest.main()
