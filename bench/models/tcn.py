"""A temporal convolutional network: Bai, Kolter, Koltun, "An Empirical Evaluation of Generic
Convolutional and Recurrent Networks for Sequence Modeling", 2018: eight levels of 128 channels, kernels
of 3, on 1024 steps of 32 numbers."""

STEPS, INPUTS, CHANNELS, LEVELS, KERNEL, CLASSES = 1024, 32, 128, 8, 3, 10


def causal_conv(b, x, dilation):
    """Padded on both sides and cut at the end, as the authors' code does, so that no step sees a later
    one."""
    pad = (KERNEL - 1) * dilation
    x = b.conv(x, CHANNELS, KERNEL, pad=pad, bias=True, dilation=dilation)
    return b.node("Slice", [x, b.ints(0), b.ints(-pad), b.ints(2)], (CHANNELS, STEPS))


def tcn(b):
    x = b.input("sequence", (INPUTS, STEPS))
    for level in range(LEVELS):
        y = b.relu(causal_conv(b, x, 1 << level))
        y = b.relu(causal_conv(b, y, 1 << level))
        if b.shapes[x] != b.shapes[y]:
            x = b.conv(x, CHANNELS, 1, bias=True)
        x = b.relu(b.add(y, x))
    last = b.node("Slice", [x, b.ints(-1), b.ints(STEPS), b.ints(2)], (CHANNELS, 1))
    b.output(b.linear(b.flatten(last), CLASSES), "scores")
