"""AlexNet: Krizhevsky, Sutskever, Hinton, 2012: two groups, local response normalisation."""


def alexnet(b):
    def conv(x, channels, kernel, **options):
        return b.relu(b.conv(x, channels, kernel, bias=True, **options))

    def norm_pool(x):
        x = b.same("LRN", x, size=5, alpha=1e-4, beta=0.75, bias=2.0)
        return b.pool("MaxPool", x, 3, 2)

    x = norm_pool(conv(b.input("image", (3, 227, 227)), 96, 11, stride=4, pad=0))
    x = norm_pool(conv(x, 256, 5, groups=2))
    x = conv(conv(conv(x, 384, 3), 384, 3, groups=2), 256, 3, groups=2)
    x = b.flatten(b.pool("MaxPool", x, 3, 2))
    x = b.relu(b.linear(b.relu(b.linear(x, 4096)), 4096))
    b.output(b.same("Softmax", b.linear(x, 1000), axis=1), "probabilities")
