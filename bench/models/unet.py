"""U-Net: Ronneberger, Fischer, Brox, 2015; padded, so that a mask has the size of its picture."""

import math


def pair(b, x, channels):
    for _ in range(2):
        x = b.relu(b.conv(x, channels, 3, bias=True))
    return x


def up(b, x):
    inner, height, width = b.shapes[x]
    channels = inner // 2
    weights = [b.weight((inner, channels, 2, 2), math.sqrt(1 / inner)),
               b.weight((channels,), 0.1)]
    b.macs += inner * channels * 4 * height * width
    return b.node("ConvTranspose", [x, *weights], (channels, 2 * height, 2 * width),
                  kernel_shape=[2, 2], strides=[2, 2])


def unet(b):
    x = b.input("image", (1, 256, 256))
    skips = []
    for channels in (64, 128, 256, 512):
        skips.append(pair(b, x, channels))
        x = b.pool("MaxPool", skips[-1], 2, 2)
    x = pair(b, x, 1024)
    for skip in reversed(skips):
        x = pair(b, b.concat([skip, up(b, x)]), b.shapes[skip][0])
    b.output(b.conv(x, 2, 1, bias=True), "mask")
