"""DenseNet-121: Huang, Liu, van der Maaten, Weinberger, 2016. Growth 32."""

GROWTH = 32


def norm_relu(b, x):
    return b.relu(b.batch_norm(x))


def densenet121(b):
    x = b.relu(b.conv_norm(b.input("image", (3, 224, 224)), 64, 7, stride=2))
    x = b.pool("MaxPool", x, 3, 2, pad=1)
    for stage, depth in enumerate((6, 12, 24, 16)):
        if stage > 0:
            x = b.conv(norm_relu(b, x), b.shapes[x][0] // 2, 1)
            x = b.pool("AveragePool", x, 2, 2)
        for _ in range(depth):
            y = b.conv(norm_relu(b, x), 4 * GROWTH, 1)
            x = b.concat([x, b.conv(norm_relu(b, y), GROWTH, 3)])
    b.output(b.linear(b.global_average(norm_relu(b, x)), 1000), "scores")
