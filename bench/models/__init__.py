"""The standard models: architectures as published, random weights.

STANDARD maps a name to the function that builds it, MODELS has those that are no network too;
`python3 -m models NAME... --output DIR` writes files. A new family is a file here and its names below.
"""

from . import alexnet, bert, densenet, googlenet, inception, matmul, mlp, mobilenet, resnet
from . import shufflenet, squeezenet, ssd, tcn, unet, vgg
from .builder import Builder, write

STANDARD = {
    "resnet50": resnet.resnet50,
    "resnet18": resnet.resnet18,
    "resnet34": resnet.resnet34,
    "resnet101": resnet.resnet101,
    "resnet152": resnet.resnet152,
    "mobilenet_v1": mobilenet.mobilenet_v1,
    "mobilenet_v2": mobilenet.mobilenet_v2,
    "squeezenet1_0": squeezenet.squeezenet1_0,
    "squeezenet1_1": squeezenet.squeezenet1_1,
    "shufflenet_v1": shufflenet.shufflenet_v1,
    "densenet121": densenet.densenet121,
    "googlenet": googlenet.googlenet,
    "inception_v3": inception.inception_v3,
    "alexnet": alexnet.alexnet,
    "alexnet_torchvision": alexnet.alexnet_torchvision,
    "vgg16": vgg.vgg16,
    "ssd_mobilenet": ssd.ssd_mobilenet,
    "unet": unet.unet,
    "tcn": tcn.tcn,
    "bert_base": bert.bert_base,
    "mlp": mlp.mlp,
}
MODELS = {**STANDARD, "matmul1024": matmul.matmul1024}
# Written in 8-bit integers from the start; `plumb quantize` makes such files of the others.
QUANTISED = {"matmul1024": matmul.matmul1024_int8}


def build(name, seed=0, quantised=False):
    builder = Builder(name, seed)
    (QUANTISED if quantised else MODELS)[name](builder)
    return builder
