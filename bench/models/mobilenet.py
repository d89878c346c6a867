"""MobileNet: Howard and others, 2017; Sandler and others, "MobileNetV2", 2018. Width 1."""


def mobilenet_v1_layers(b, image, activation):
    """What comes out of each of the thirteen pairs of a depthwise and a 1x1 convolution."""
    x = activation(b.conv_norm(image, 32, 3, stride=2))
    layers = []
    for channels, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
                             *[(512, 1)] * 5, (1024, 2), (1024, 1)]:
        inner = b.shapes[x][0]
        x = activation(b.conv_norm(x, inner, 3, stride=stride, groups=inner))
        x = activation(b.conv_norm(x, channels, 1))
        layers.append(x)
    return layers


def mobilenet_v1(b):
    x = mobilenet_v1_layers(b, b.input("image", (3, 224, 224)), b.relu)[-1]
    b.output(b.linear(b.global_average(x), 1000), "scores")


def inverted_residual(b, x, channels, stride, expansion):
    inner = b.shapes[x][0] * expansion
    y = x if expansion == 1 else b.relu6(b.conv_norm(x, inner, 1))
    y = b.relu6(b.conv_norm(y, inner, 3, stride=stride, groups=inner))
    y = b.conv_norm(y, channels, 1)
    return b.add(x, y) if b.shapes[x] == b.shapes[y] else y


def mobilenet_v2(b):
    x = b.relu6(b.conv_norm(b.input("image", (3, 224, 224)), 32, 3, stride=2))
    for expansion, channels, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                               (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                               (6, 320, 1, 1)]:
        for i in range(count):
            x = inverted_residual(b, x, channels, stride if i == 0 else 1, expansion)
    x = b.relu6(b.conv_norm(x, 1280, 1))
    b.output(b.linear(b.global_average(x), 1000), "scores")
