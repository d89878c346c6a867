"""VGG-16 (configuration D): Simonyan and Zisserman, 2014."""


def vgg16(b):
    x = b.input("image", (3, 224, 224))
    for channels, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(count):
            x = b.relu(b.conv(x, channels, 3, bias=True))
        x = b.pool("MaxPool", x, 2, 2)
    x = b.flatten(x)
    x = b.relu(b.linear(b.relu(b.linear(x, 4096)), 4096))
    b.output(b.linear(x, 1000), "scores")
