import unittest

import onnx
from onnx import shape_inference

import models

# As published: parameters of what training changes, and millions of multiply-adds of one item.
PUBLISHED = {
    "resnet50": (25_557_032, 4089),
    "resnet18": (11_689_512, 1814),
    "mobilenet_v1": (4_231_976, 569),
    "mobilenet_v2": (3_504_872, 301),
    "squeezenet1_1": (1_235_496, 349),
    "shufflenet_v1": (1_865_728, 137),
    "densenet121": (7_978_856, 2834),
    "googlenet": (6_998_552, 1583),
    "alexnet": (60_965_224, 724),
    "vgg16": (138_357_544, 15470),
    "unet": (31_030_658, 48096),
    "bert_base": (109_482_240, 11174),
    "mlp": (669_706, 0.67),
}
LARGE = ("vgg16", "bert_base", "alexnet", "unet")  # hundreds of megabytes: their files are not made


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

    def test_the_seed_decides_the_weights(self):
        def weights(seed):
            return models.build("mlp", seed).model().graph.initializer[0].raw_data

        self.assertEqual(weights(3), weights(3))
        self.assertNotEqual(weights(3), weights(4))


if __name__ == "__main__":
    unittest.main()
