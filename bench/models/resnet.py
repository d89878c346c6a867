"""ResNet: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015."""


def basic_block(b, x, channels, stride):
    y = b.relu(b.conv_norm(x, channels, 3, stride=stride))
    return b.conv_norm(y, channels, 3)


def bottleneck(b, x, channels, stride):
    """The stride is in the 3x3 convolution, as frameworks have it since 2016."""
    y = b.relu(b.conv_norm(x, channels, 1))
    y = b.relu(b.conv_norm(y, channels, 3, stride=stride))
    return b.conv_norm(y, 4 * channels, 1)


def resnet(b, block, depths):
    x = b.input("image", (3, 224, 224))
    x = b.relu(b.conv_norm(x, 64, 7, stride=2))
    x = b.pool("MaxPool", x, 3, 2, pad=1)
    for stage, depth in enumerate(depths):
        for i in range(depth):
            stride = 2 if stage > 0 and i == 0 else 1
            y = block(b, x, 64 << stage, stride)
            if b.shapes[x] != b.shapes[y]:
                x = b.conv_norm(x, b.shapes[y][0], 1, stride=stride)
            x = b.relu(b.add(y, x))
    b.output(b.linear(b.global_average(x), 1000), "scores")


def resnet18(b):
    resnet(b, basic_block, (2, 2, 2, 2))


def resnet34(b):
    resnet(b, basic_block, (3, 4, 6, 3))


def resnet50(b):
    resnet(b, bottleneck, (3, 4, 6, 3))


def resnet101(b):
    resnet(b, bottleneck, (3, 4, 23, 3))


def resnet152(b):
    resnet(b, bottleneck, (3, 8, 36, 3))
