"""python3 -m models NAME... [--output DIR] [--seed N]: writes DIR/NAME.onnx; without names, all."""

import argparse
import pathlib

from . import MODELS, build, write


def main():
    parser = argparse.ArgumentParser(prog="models", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MODELS))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.names or MODELS:
        if name not in MODELS:
            parser.error(f"no model '{name}'; there are: {', '.join(MODELS)}")
        builder = build(name, options.seed)
        options.output.mkdir(parents=True, exist_ok=True)
        path = options.output / f"{name}.onnx"
        write(builder, path)
        print(f"{path}: {builder.parameters:,} parameters, {builder.macs / 1e6:,.1f} M multiply-adds")


main()
