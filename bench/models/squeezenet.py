"""SqueezeNet: Iandola and others, 2016; 1.1 is the smaller variant that its authors published later."""


def fire(b, x, squeeze, expand):
    x = b.relu(b.conv(x, squeeze, 1, bias=True))
    return b.concat([b.relu(b.conv(x, expand, kernel, bias=True)) for kernel in (1, 3)])


def squeezenet(b, channels, kernel, stages):
    """Each stage is a pool and fire modules (squeezed, expanded)."""
    x = b.input("image", (3, 224, 224))
    x = b.relu(b.conv(x, channels, kernel, stride=2, pad=0, bias=True))
    for stage in stages:
        x = b.pool("MaxPool", x, 3, 2, ceil=True)
        for squeeze, expand in stage:
            x = fire(b, x, squeeze, expand)
    x = b.relu(b.conv(x, 1000, 1, bias=True))
    b.output(b.global_average(x), "scores")


def squeezenet1_0(b):
    squeezenet(b, 96, 7, [[(16, 64)] * 2 + [(32, 128)],
                          [(32, 128)] + [(48, 192)] * 2 + [(64, 256)], [(64, 256)]])


def squeezenet1_1(b):
    squeezenet(b, 64, 3, [[(16, 64)] * 2, [(32, 128)] * 2, [(48, 192)] * 2 + [(64, 256)] * 2])
