"""What is measured: a model, how plumb runs it, and the file and inputs that every engine gets."""

import dataclasses
import pathlib
import typing

import numpy
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, mapping

import model_files
from peers import peer

PRECISIONS = ("f32", "bf16", "int8")
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
BYTES = (TensorProto.UINT8, TensorProto.INT8)


class Given(typing.NamedTuple):
    """What is the same for plumb and the peers: settings that agree in it are measured in one round."""
    model: str
    quantised: bool
    threads: int
    batch: int


@dataclasses.dataclass(frozen=True)
class Setting:
    """bf16 is the float file run in bf16 beside peers that run it in fp32; int8 a quantised file that
    all of them run. A cached start maps what an earlier one kept."""
    model: str
    precision: str = "f32"
    threads: int = 1
    batch: int = 1
    start: str = "first"  # or "cached"
    forced_isa: str = ""  # by PLUMB_ISA
    profile: bool = False

    @classmethod
    def of(cls, row):
        """That of a stored row."""
        return cls(**{field.name: row[field.name] for field in dataclasses.fields(cls)})

    @property
    def given(self):
        return Given(self.model, self.precision == "int8", self.threads, self.batch)

    @property
    def how(self):
        """How plumb runs it, in words."""
        words = [self.precision, self.start == "cached" and "cached start", self.forced_isa,
                 self.profile and "profiled"]
        return ", ".join(word for word in words if word)


@dataclasses.dataclass
class Case:
    """A Given with its files. `model` is a name that no other case has."""
    model: str
    path: pathlib.Path
    quantised: bool
    threads: int
    batch: int
    feeds: dict
    inputs: pathlib.Path  # folder of the feeds

    def __str__(self):
        form = " quantised," if self.quantised else ""
        return f"{self.model},{form} {self.threads} thread{'s'[:self.threads != 1]}, batch {self.batch}"


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


def random_array(random, shape, elements, dtype):
    """Normal numbers, all bytes alike, 0 or 1 for other integers."""
    if elements in FLOATS:
        return random.standard_normal(shape).astype(dtype)
    if elements in BYTES:
        bounds = numpy.iinfo(dtype)
        return random.integers(bounds.min, bounds.max + 1, shape).astype(dtype)
    return random.integers(0, 2, shape).astype(dtype)


def make_feeds(path, batch, seed=0):
    """Seeded inputs; a symbolic first size is the batch. Raises ValueError where another size is open,
    the elements are no numbers or the file is torn."""
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
        feeds[value.name] = random_array(random, shape, tensor.elem_type, element_type(value))
    return feeds


def make_case(given, name, folder, plumb):
    """`name` is that of case_names; what is written lies below `folder`. `plumb` quantises."""
    path = model_files.float_file(given.model, folder / "models")
    if given.quantised:
        path = model_files.quantised_file(given.model, name, path, folder / "models", plumb)
    feeds = make_feeds(path, given.batch)
    form = "_int8" if given.quantised else ""
    inputs = folder / "inputs" / f"{name}{form}_batch{given.batch}"
    peer.write_arrays(inputs, feeds)
    return Case(name, path, given.quantised, given.threads, given.batch, feeds, inputs)
