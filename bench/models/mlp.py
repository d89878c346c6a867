"""Three fully connected layers on 784 numbers, as the first network of many courses."""


def mlp(b):
    x = b.input("image", (784,))
    x = b.relu(b.linear(b.relu(b.linear(x, 512)), 512))
    b.output(b.linear(x, 10), "scores")
