"""The files of models: written where they are missing or older than what makes them."""

import pathlib

import models


def is_current(path, sources):
    return path.exists() and all(path.stat().st_mtime >= source.stat().st_mtime
                                 for source in sources)


def builders():
    return list(pathlib.Path(models.__file__).parent.glob("*.py"))


def built_file(name, path, quantised):
    if not is_current(path, builders()):
        path.parent.mkdir(parents=True, exist_ok=True)
        models.write(models.build(name, quantised=quantised), path)
    return path.resolve()


def float_file(model, folder):
    """The path of a standard model, or of a file of the user."""
    if model.endswith(".onnx"):
        return pathlib.Path(model).resolve()
    return built_file(model, folder / f"{model}.onnx", quantised=False)


def quantised_file(model, name, source, folder, plumb):
    """That of a model in 8-bit integers, `source` quantised by plumb unless it is written so from the
    start: each channel of a weight with its own scale, on seeded normal numbers."""
    path = folder / f"{name}_int8.onnx"
    if model in models.QUANTISED:
        return built_file(model, path, quantised=True)
    if not is_current(path, [source, pathlib.Path(plumb.program)]):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        plumb.quantize(source, part)
        part.replace(path)
    return path.resolve()
