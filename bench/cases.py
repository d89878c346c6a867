"""What is measured: a model, a number of threads, a batch, and the inputs that every engine gets."""

import dataclasses
import pathlib

import numpy
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, mapping

import models
from peers import peer


@dataclasses.dataclass
class Case:
    model: str
    path: pathlib.Path
    threads: int
    batch: int
    feeds: dict
    inputs: pathlib.Path  # folder of the feeds

    def __str__(self):
        return f"{self.model}, {self.threads} thread{'s'[:self.threads != 1]}, batch {self.batch}"


def model_file(name, folder):
    """The path of a standard model, written where it is missing or older than its builder; or of a
    file of the user."""
    if name.endswith(".onnx"):
        return pathlib.Path(name).resolve()
    path = folder / f"{name}.onnx"
    sources = pathlib.Path(models.__file__).parent.glob("*.py")
    newest = max(source.stat().st_mtime for source in sources)
    if not path.exists() or path.stat().st_mtime < newest:
        folder.mkdir(parents=True, exist_ok=True)
        models.write(models.build(name), path)
    return path.resolve()


def case_names(chosen):
    """A name for each of the models, no two alike: that of its file, numbered where it is taken."""
    names = {}
    for model in chosen:
        stem = pathlib.Path(model).stem if model.endswith(".onnx") else model
        name, number = stem, 1
        while name in names.values():
            number += 1
            name = f"{stem}_{number}"
        names[model] = name
    return names


def element_type(value):
    """The numpy type of an input. Raises ValueError where numpy has none of numbers."""
    number = value.type.tensor_type.elem_type
    dtype = mapping.TENSOR_TYPE_TO_NP_TYPE.get(number)
    if dtype is None or dtype == numpy.dtype(object):
        raise ValueError(f"input '{value.name}' is no tensor of numbers but of "
                         f"{TensorProto.DataType.Name(number)}")
    return dtype


def make_feeds(path, batch, seed=0):
    """Seeded normal numbers, 0 or 1 for integers; a symbolic first size is the batch. Raises ValueError
    where another size is open, the elements are no numbers or the file is torn."""
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except DecodeError as error:
        raise ValueError(f"'{path}' is no ONNX file: {error}") from error
    weights = {initializer.name for initializer in graph.initializer}
    random = numpy.random.default_rng(seed)
    feeds = {}
    for value in graph.input:
        if value.name in weights:
            continue
        tensor = value.type.tensor_type
        shape = [dim.dim_value for dim in tensor.shape.dim]
        if shape and shape[0] == 0:
            shape[0] = batch
        if 0 in shape:
            raise ValueError(f"input '{value.name}' leaves more than the batch open")
        dtype = element_type(value)
        if tensor.elem_type in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16):
            feeds[value.name] = random.standard_normal(shape).astype(dtype)
        else:
            feeds[value.name] = random.integers(0, 2, shape).astype(dtype)
    return feeds


def make_case(model, name, threads, batch, folder):
    """`name` is that of case_names; the inputs lie in a folder of it."""
    path = model_file(model, folder / "models")
    feeds = make_feeds(path, batch)
    inputs = folder / "inputs" / f"{name}_batch{batch}"
    peer.write_arrays(inputs, feeds)
    return Case(name, path, threads, batch, feeds, inputs)
