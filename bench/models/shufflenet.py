"""ShuffleNet 1x with three groups: Zhang, Zhou, Lin, Sun, 2017."""

GROUPS = 3


def shuffle(b, x):
    channels, height, width = b.shapes[x]
    per_group = channels // GROUPS
    x = b.node("Reshape", [x, b.ints(0, GROUPS, per_group, height, width)],
               (GROUPS, per_group, height, width))
    x = b.node("Transpose", [x], (per_group, GROUPS, height, width), perm=[0, 2, 1, 3, 4])
    return b.node("Reshape", [x, b.ints(0, channels, height, width)], (channels, height, width))


def unit(b, x, channels, stride, first):
    """Stride 1 adds its input; stride 2 puts the averaged input beside what it computes."""
    made = channels - b.shapes[x][0] if stride == 2 else channels
    inner = channels // 4
    # The very first unit has few input channels: no groups there.
    y = b.relu(b.conv_norm(x, inner, 1, groups=1 if first else GROUPS))
    y = b.conv_norm(shuffle(b, y), inner, 3, stride=stride, groups=inner)
    y = b.conv_norm(y, made, 1, groups=GROUPS)
    if stride == 1:
        return b.relu(b.add(x, y))
    return b.relu(b.concat([b.pool("AveragePool", x, 3, 2, pad=1), y]))


def shufflenet_v1(b):
    x = b.relu(b.conv_norm(b.input("image", (3, 224, 224)), 24, 3, stride=2))
    x = b.pool("MaxPool", x, 3, 2, pad=1)
    for stage, (channels, count) in enumerate([(240, 4), (480, 8), (960, 4)]):
        for i in range(count):
            x = unit(b, x, channels, 2 if i == 0 else 1, stage == 0 and i == 0)
    b.output(b.linear(b.global_average(x), 1000), "scores")
