"""The three networks: a single-shot face detector, landmarks of a face, a face embedder."""

import torch
from torch import nn

from align import TEMPLATE

STRIDES = (8, 16, 32)
# Faces with a longer side up to this many pixels of the detector's input belong to the stride.
LARGEST = {8: 44.0, 16: 96.0, 32: 1e9}


def conv(inputs, outputs, stride=1, groups=1, size=3):
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def separable(inputs, outputs, stride=1):
    """A depthwise 3x3 and a pointwise convolution."""
    return nn.Sequential(conv(inputs, inputs, stride, groups=inputs), conv(inputs, outputs, size=1))


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class Head(nn.Module):
    """Score, box distances and landmark offsets of one stride."""

    def __init__(self, channels):
        super().__init__()
        self.features = separable(channels, channels)
        self.score = nn.Conv2d(channels, 1, 1)
        self.box = nn.Conv2d(channels, 4, 1)
        self.landmarks = nn.Conv2d(channels, 10, 1)
        nn.init.constant_(self.score.bias, -4.0)
        nn.init.constant_(self.box.bias, 1.5)

    def forward(self, x):
        x = self.features(x)
        return self.score(x), self.box(x), self.landmarks(x)


class Detector(nn.Module):
    """[N,3,H,W] to score logits [N,1,h,w], box [N,4,h,w], landmarks [N,10,h,w] of each stride."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 2), conv(16, 16, 2), conv(16, 48, 2))
        self.stage8 = nn.Sequential(*[Residual(separable(48, 48)) for _ in range(2)])
        self.stage16 = nn.Sequential(
            separable(48, 80, 2), *[Residual(separable(80, 80)) for _ in range(2)])
        self.stage32 = nn.Sequential(
            separable(80, 128, 2), *[Residual(separable(128, 128)) for _ in range(2)])
        self.heads = nn.ModuleList([Head(48), Head(80), Head(128)])

    def forward(self, image):
        x8 = self.stage8(self.stem(image))
        x16 = self.stage16(x8)
        x32 = self.stage32(x16)
        return [head(x) for head, x in zip(self.heads, (x8, x16, x32))]


class ExportedDetector(nn.Module):
    """The detector as exported: scores after sigmoid, nine outputs in the order of strides."""

    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, image):
        out = []
        for score, box, landmarks in self.detector(image):
            out += [torch.sigmoid(score), box, landmarks]
        return tuple(out)


class Landmarks(nn.Module):
    """[N,3,64,64], a roughly aligned face, to its landmarks [N,10] in pixels of the crop."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 2), conv(16, 32, 2), conv(32, 48, 2), Residual(conv(48, 48)),
            conv(48, 64, 2), nn.Flatten())
        self.place = nn.Linear(64 * 16, 10)
        nn.init.zeros_(self.place.bias)
        self.register_buffer("middle", torch.tensor(TEMPLATE.ravel(), dtype=torch.float32))

    def forward(self, face):
        return self.place(self.body(face)) + self.middle


class ExportedLandmarks(nn.Module):
    """The landmarks as they are exported: the template folded into the linear layer."""

    def __init__(self, landmarks):
        super().__init__()
        self.body = landmarks.body
        self.place = nn.Linear(landmarks.place.in_features, landmarks.place.out_features)
        self.place.weight.data = landmarks.place.weight.detach()
        self.place.bias.data = (landmarks.place.bias + landmarks.middle).detach()

    def forward(self, face):
        return self.place(self.body(face))


class Embedder(nn.Module):
    """[N,3,64,64] to [N,128], not normalised."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 2), conv(16, 32, 2), Residual(conv(32, 32)), conv(32, 64, 2),
            Residual(conv(64, 64)), conv(64, 128, 2))
        self.project = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.1), nn.Linear(128 * 16, 128, bias=False),
            nn.BatchNorm1d(128))

    def forward(self, face):
        return self.project(self.body(face))


class ExportedEmbedder(nn.Module):
    """The embedder as it is exported: the last normalisation folded into the linear layer."""

    def __init__(self, embedder):
        super().__init__()
        self.body = embedder.body
        linear, norm = embedder.project[2], embedder.project[3]
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        self.project = nn.Linear(linear.in_features, linear.out_features)
        self.project.weight.data = (linear.weight * factor[:, None]).detach()
        self.project.bias.data = (norm.bias - norm.running_mean * factor).detach()

    def forward(self, face):
        return self.project(torch.flatten(self.body(face), 1))


def multiply_adds(module, shape):
    """Multiply-adds of convolutions and linear layers for one input of this shape."""
    total = 0

    def count(layer, inputs, output):
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in module.modules()
             if isinstance(m, (nn.Conv2d, nn.Linear))]
    module.eval()
    with torch.no_grad():
        module(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    return total
