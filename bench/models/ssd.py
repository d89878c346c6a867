"""SSD on MobileNet-v1, pictures of 300x300, 91 classes of COCO: Liu and others, "SSD: Single Shot
MultiBox Detector", 2015, with the layers of Howard and others, 2017. Without the decoding of boxes."""

from .mobilenet import mobilenet_v1_layers

CLASSES = 91
EXTRA_LAYERS = [(256, 512), (128, 256), (128, 256), (64, 128)]  # channels of 1x1 and of 3x3, stride 2


def feature_maps(b):
    """Sides 19, 10, 5, 3, 2 and 1."""
    layers = mobilenet_v1_layers(b, b.input("image", (3, 300, 300)), b.relu6)
    maps = [layers[10], layers[12]]
    for inner, channels in EXTRA_LAYERS:
        x = b.relu6(b.conv_norm(maps[-1], inner, 1))
        maps.append(b.relu6(b.conv_norm(x, channels, 3, stride=2)))
    return maps


def predict(b, x, boxes, size):
    """[batch, boxes of this map, size]: for each place and each of its boxes `size` numbers."""
    x = b.conv(x, boxes * size, 1, bias=True)
    channels, height, width = b.shapes[x]
    x = b.node("Transpose", [x], (height, width, channels), perm=[0, 2, 3, 1])
    return b.node("Reshape", [x, b.ints(0, -1, size)], (height * width * boxes, size))


def ssd_mobilenet(b):
    maps = feature_maps(b)
    boxes = [3, 6, 6, 6, 6, 6]
    b.output(b.concat([predict(b, x, n, 4) for x, n in zip(maps, boxes)]), "boxes")
    scores = b.concat([predict(b, x, n, CLASSES) for x, n in zip(maps, boxes)])
    b.output(b.same("Sigmoid", scores), "scores")
