"""AlexNet: Krizhevsky, Sutskever, Hinton, 2012: two groups, local response normalisation. And the one
of torchvision, after Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
2014: neither of them."""


def conv_relu(b, x, channels, kernel, **options):
    return b.relu(b.conv(x, channels, kernel, bias=True, **options))


def classify(b, x):
    x = b.flatten(b.pool("MaxPool", x, 3, 2))
    return b.linear(b.relu(b.linear(b.relu(b.linear(x, 4096)), 4096)), 1000)


def alexnet(b):
    def norm_pool(x):
        x = b.same("LRN", x, size=5, alpha=1e-4, beta=0.75, bias=2.0)
        return b.pool("MaxPool", x, 3, 2)

    x = norm_pool(conv_relu(b, b.input("image", (3, 227, 227)), 96, 11, stride=4, pad=0))
    x = norm_pool(conv_relu(b, x, 256, 5, groups=2))
    for channels, groups in [(384, 1), (384, 2), (256, 2)]:
        x = conv_relu(b, x, channels, 3, groups=groups)
    b.output(b.same("Softmax", classify(b, x), axis=1), "probabilities")


def alexnet_torchvision(b):
    x = conv_relu(b, b.input("image", (3, 224, 224)), 64, 11, stride=4, pad=2)
    x = conv_relu(b, b.pool("MaxPool", x, 3, 2), 192, 5)
    x = b.pool("MaxPool", x, 3, 2)
    for channels in (384, 256, 256):
        x = conv_relu(b, x, channels, 3)
    b.output(classify(b, x), "scores")
