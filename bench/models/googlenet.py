"""GoogLeNet: Szegedy and others, "Going Deeper with Convolutions", 2014, without the classifiers that
only help training."""

# Channels of 1x1; reduced and 3x3; reduced and 5x5; after the pool. None: a pool between stages.
INCEPTIONS = [
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None,
    (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None,
    (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
]


def conv(b, x, channels, kernel, stride=1):
    return b.relu(b.conv(x, channels, kernel, stride=stride, bias=True))


def norm(b, x):
    return b.same("LRN", x, size=5, alpha=1e-4, beta=0.75, bias=1.0)


def inception(b, x, one, three_in, three, five_in, five, pooled):
    return b.concat([
        conv(b, x, one, 1),
        conv(b, conv(b, x, three_in, 1), three, 3),
        conv(b, conv(b, x, five_in, 1), five, 5),
        conv(b, b.pool("MaxPool", x, 3, 1, pad=1), pooled, 1),
    ])


def googlenet(b):
    x = conv(b, b.input("image", (3, 224, 224)), 64, 7, stride=2)
    x = norm(b, b.pool("MaxPool", x, 3, 2, ceil=True))
    x = norm(b, conv(b, conv(b, x, 64, 1), 192, 3))
    x = b.pool("MaxPool", x, 3, 2, ceil=True)
    for channels in INCEPTIONS:
        x = inception(b, x, *channels) if channels else b.pool("MaxPool", x, 3, 2, ceil=True)
    scores = b.linear(b.global_average(x), 1000)
    b.output(b.same("Softmax", scores, axis=1), "probabilities")
