"""The standard models: architectures as published, random weights.

MODELS maps a name to the function that builds it; `python3 -m models NAME... --output DIR` writes
files. A new family is a file here and its names below.
"""

from . import alexnet, bert, densenet, googlenet, mlp, mobilenet, resnet, shufflenet, squeezenet
from . import unet, vgg
from .builder import Builder, write

MODELS = {
    "resnet50": resnet.resnet50,
    "resnet18": resnet.resnet18,
    "mobilenet_v1": mobilenet.mobilenet_v1,
    "mobilenet_v2": mobilenet.mobilenet_v2,
    "squeezenet1_1": squeezenet.squeezenet1_1,
    "shufflenet_v1": shufflenet.shufflenet_v1,
    "densenet121": densenet.densenet121,
    "googlenet": googlenet.googlenet,
    "alexnet": alexnet.alexnet,
    "vgg16": vgg.vgg16,
    "unet": unet.unet,
    "bert_base": bert.bert_base,
    "mlp": mlp.mlp,
}


def build(name, seed=0):
    builder = Builder(name, seed)
    MODELS[name](builder)
    return builder
