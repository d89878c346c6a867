"""Inception-v3: Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, "Rethinking the Inception Architecture for
Computer Vision", 2015, with the widths of its released code and without the classifier that only helps
training."""


def conv(b, x, channels, kernel, **options):
    return b.relu(b.conv_norm(x, channels, kernel, **options))


def chain(b, x, *layers):
    """Convolutions one after the other, each (channels, kernel)."""
    for channels, kernel in layers:
        x = conv(b, x, channels, kernel)
    return x


def halve(b, x, channels):
    return conv(b, x, channels, 3, stride=2, pad=0)


def pooled(b, x, channels):
    return conv(b, b.pool("AveragePool", x, 3, 1, pad=1, count_include_pad=1), channels, 1)


def grid35(b, x, pool_channels):
    return b.concat([conv(b, x, 64, 1), chain(b, x, (48, 1), (64, 5)),
                     chain(b, x, (64, 1), (96, 3), (96, 3)), pooled(b, x, pool_channels)])


def grid17(b, x, inner):
    """7x7 convolutions as pairs of 1x7 and 7x1."""
    row, column = (1, 7), (7, 1)
    return b.concat([
        conv(b, x, 192, 1), chain(b, x, (inner, 1), (inner, row), (192, column)),
        chain(b, x, (inner, 1), (inner, column), (inner, row), (inner, column), (192, row)),
        pooled(b, x, 192)])


def grid8(b, x):
    def split(y):
        return b.concat([conv(b, y, 384, (1, 3)), conv(b, y, 384, (3, 1))])

    return b.concat([conv(b, x, 320, 1), split(conv(b, x, 384, 1)),
                     split(chain(b, x, (448, 1), (384, 3))), pooled(b, x, 192)])


def inception_v3(b):
    x = halve(b, b.input("image", (3, 299, 299)), 32)
    x = conv(b, conv(b, x, 32, 3, pad=0), 64, 3)
    x = conv(b, b.pool("MaxPool", x, 3, 2), 80, 1)
    x = b.pool("MaxPool", conv(b, x, 192, 3, pad=0), 3, 2)
    for pool_channels in (32, 64, 64):
        x = grid35(b, x, pool_channels)
    x = b.concat([halve(b, x, 384), halve(b, chain(b, x, (64, 1), (96, 3)), 96),
                  b.pool("MaxPool", x, 3, 2)])
    for inner in (128, 160, 160, 192):
        x = grid17(b, x, inner)
    seven = chain(b, x, (192, 1), (192, (1, 7)), (192, (7, 1)))
    x = b.concat([halve(b, conv(b, x, 192, 1), 320), halve(b, seven, 192),
                  b.pool("MaxPool", x, 3, 2)])
    for _ in range(2):
        x = grid8(b, x)
    b.output(b.linear(b.global_average(x), 1000), "scores")
