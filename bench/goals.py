"""What the project promises about its speed, a row for each promise: adding one is adding it here.

A goal names settings (see cases.py), the figure that is read from each of them (a key of FIGURES in
judge.py), and its bounds: of the geometric mean over the settings, of the worst, or of both.
"""

import dataclasses

import models
from cases import Setting

CONVOLUTION_NETS = [name for name in models.STANDARD if name not in ("bert_base", "mlp")]
WINOGRAD_NETS = ["vgg16", "resnet18", "unet"]
BATCH_NETS = ["alexnet", "resnet50", "mobilenet_v1"]
MOBILE_NETS = ["mobilenet_v1", "mobilenet_v2"]


@dataclasses.dataclass(frozen=True)
class Goal:
    name: str  # of --rows
    work: str
    settings: tuple
    figure: str = "speed"
    mean: float | None = None
    each: float | None = None
    needs: str = ""  # of the machine, a key of NEEDS


# What a machine must have, of the first row of `plumb inspect --cpu`.
NEEDS = {
    "": lambda machine: True,
    "two cores": lambda machine: machine["cores"] > 1,
    "AVX2": lambda machine: "avx2" in machine["instruction_sets"],
    "products of bf16": lambda machine: has_any(machine, "avx512_bf16", "amx_bf16"),
    "products of int8": lambda machine: has_any(machine, "avx_vnni", "avx512_vnni", "amx_int8"),
    "a measured peak of int8": lambda machine: has_any(machine, "avx512_vnni", "amx_int8"),
}


def has_any(machine, *names):
    return any(name in machine["instruction_sets"] for name in names)


def each_of(names, *arguments, **options):
    return tuple(Setting(name, *arguments, **options) for name in names)


def goals(cores):
    """All of them, on a machine of so many cores."""
    def one(name, *arguments, **options):
        return each_of([name], *arguments, **options)

    return [
        Goal("f32", "standard models, f32, batch 1, one thread", each_of(models.STANDARD),
             mean=1.5, each=1.0),
        Goal("f32-cores", "standard models, f32, batch 1, all cores",
             each_of(models.STANDARD, threads=cores), mean=1.5, each=1.0, needs="two cores"),
        Goal("winograd", "VGG-16, ResNet-18, U-Net, f32, batch 1", each_of(WINOGRAD_NETS),
             mean=2.0, each=1.7),
        Goal("batch", "AlexNet, ResNet-50, MobileNet-v1, f32, batch 32",
             each_of(BATCH_NETS, batch=32), mean=1.5, each=1.35),
        Goal("bf16-resnet50", "ResNet-50, bf16 against f32, batch 1", one("resnet50", "bf16"),
             each=5, needs="products of bf16"),
        Goal("bf16-resnet50-batch", "ResNet-50, bf16 against f32, batch 32",
             one("resnet50", "bf16", batch=32), each=7, needs="products of bf16"),
        Goal("bf16", "convolution nets, bf16 against f32, batch 1",
             each_of(CONVOLUTION_NETS, "bf16"), mean=4, needs="products of bf16"),
        Goal("int8-resnet50", "ResNet-50, int8, batch 1", one("resnet50", "int8"), each=3,
             needs="products of int8"),
        Goal("int8-resnet50-batch", "ResNet-50, int8, batch 32", one("resnet50", "int8", batch=32),
             each=4, needs="products of int8"),
        Goal("int8-mobilenet", "MobileNet-v1 and v2, int8, batch 1", each_of(MOBILE_NETS, "int8"),
             each=2, needs="products of int8"),
        Goal("convolutions", "ResNet-50's convolutions, f32, of the peak",
             one("resnet50", profile=True), "convolutions", each=0.95),
        Goal("alexnet", "AlexNet, f32, batch 128, one core", one("alexnet", batch=128), "images",
             each=110),
        Goal("alexnet-int8", "AlexNet, int8, batch 128, one core",
             one("alexnet", "int8", batch=128), "images", each=1100, needs="products of int8"),
        Goal("alexnet-torchvision", "AlexNet without LRN, int8, batch 128, one core",
             one("alexnet_torchvision", "int8", batch=128), "images", each=1500,
             needs="products of int8"),
        Goal("load", "load, first start", each_of(models.STANDARD), "load", mean=1 / 4),
        Goal("load-cached", "load, cached start", each_of(models.STANDARD, start="cached"), "load",
             mean=1 / 20),
        Goal("memory", "peak memory", each_of(models.STANDARD), "memory", mean=0.75, each=1.0),
        Goal("avx2", "ResNet-50, f32 with AVX2, of its peak", one("resnet50", forced_isa="avx2"),
             "share", each=0.75, needs="AVX2"),
        Goal("gemm", "GEMM 1024^3, f32, of the peak", one("matmul1024", batch=1024), "share",
             each=0.9),
        Goal("gemm-bf16", "GEMM 1024^3, bf16, of the peak", one("matmul1024", "bf16", batch=1024),
             "share", each=0.7, needs="products of bf16"),
        Goal("gemm-int8", "GEMM 1024^3, int8, of the peak", one("matmul1024", "int8", batch=1024),
             "share", each=0.7, needs="a measured peak of int8"),
    ]
