"""ONNX Runtime through its C interface, a table of functions that only ever grows.

Its library comes with the npm package (`npm ci --ignore-scripts` in this folder) or is named by
ONNXRUNTIME_LIBRARY. All graph optimisations, one operator at a time, as many threads as asked for,
which spin between operators as they do by default. Inputs and outputs stay where they are from run
to run, so that a call costs some microseconds.
"""

import ctypes
import os
import pathlib
import platform

import numpy

from peers import peer

API_VERSION = 17  # of the table; newer libraries have it too
# Where the functions stand in the table.
FUNCTIONS = {
    "GetErrorMessage": 2, "CreateEnv": 3, "CreateSession": 7, "Run": 9,
    "CreateSessionOptions": 10, "SetSessionGraphOptimizationLevel": 23, "SetIntraOpNumThreads": 24,
    "SetInterOpNumThreads": 25, "SessionGetOutputCount": 31, "SessionGetOutputName": 37,
    "CreateTensorWithDataAsOrtValue": 49, "GetTensorMutableData": 51, "GetTensorElementType": 60,
    "GetDimensionsCount": 61, "GetDimensions": 62, "GetTensorTypeAndShape": 65,
    "CreateCpuMemoryInfo": 69, "GetAllocatorWithDefaultOptions": 78,
    "ReleaseStatus": 93, "ReleaseTensorTypeAndShapeInfo": 99,
}
ELEMENT_TYPES = {1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64",
                 9: "bool", 10: "float16", 11: "float64"}
ALL_OPTIMISATIONS = 99
ERRORS_ONLY = 3  # of what it would log
Pointer = ctypes.c_void_p


class ApiBase(ctypes.Structure):
    _fields_ = [("GetApi", ctypes.CFUNCTYPE(Pointer, ctypes.c_uint32)),
                ("GetVersionString", ctypes.CFUNCTYPE(ctypes.c_char_p))]


def library_path():
    named = os.environ.get("ONNXRUNTIME_LIBRARY")
    if named:
        return named
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    folder = pathlib.Path(__file__).parent / "node_modules" / "onnxruntime-node" / "bin"
    found = sorted(folder.glob(f"*/linux/{machine}/libonnxruntime.so.1"))
    if not found:
        raise peer.Missing("npm's onnxruntime-node is not installed "
                           "(npm ci --ignore-scripts in bench/peers)")
    return str(found[-1])


class Api:
    """api.Name(arguments...) calls a function of the table; a status becomes an exception."""

    def __init__(self, path):
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise peer.Missing(f"ONNX Runtime cannot be opened: {error}") from error
        library.OrtGetApiBase.restype = ctypes.POINTER(ApiBase)
        base = library.OrtGetApiBase().contents
        self.version = base.GetVersionString().decode()
        self._table = ctypes.cast(base.GetApi(API_VERSION), ctypes.POINTER(Pointer))

    def function(self, name, result=Pointer):
        return ctypes.CFUNCTYPE(result)(self._table[FUNCTIONS[name]])

    def check(self, status):
        if status:
            text = self.function("GetErrorMessage", ctypes.c_char_p)(Pointer(status)).decode()
            self.function("ReleaseStatus", None)(Pointer(status))
            raise RuntimeError(text)

    def __getattr__(self, name):
        function = self.function(name)
        return lambda *arguments: self.check(function(*arguments))

    def made(self, name, *arguments):
        """What a function hands back through its last argument, a pointer."""
        pointer = Pointer()
        getattr(self, name)(*arguments, ctypes.byref(pointer))
        return pointer


def open_library():
    return Api(library_path())


def create_session(api, path, threads):
    options = api.made("CreateSessionOptions")
    api.SetSessionGraphOptimizationLevel(options, ctypes.c_int(ALL_OPTIMISATIONS))
    api.SetIntraOpNumThreads(options, ctypes.c_int(threads))
    api.SetInterOpNumThreads(options, ctypes.c_int(1))
    environment = api.made("CreateEnv", ctypes.c_int(ERRORS_ONLY), ctypes.c_char_p(b"bench"))
    return api.made("CreateSession", environment, ctypes.c_char_p(os.fsencode(path)), options)


def output_names(api, session):
    allocator = api.made("GetAllocatorWithDefaultOptions")
    count = ctypes.c_size_t()
    api.SessionGetOutputCount(session, ctypes.byref(count))
    names = []
    for i in range(count.value):
        name = ctypes.c_char_p()
        api.SessionGetOutputName(session, ctypes.c_size_t(i), allocator, ctypes.byref(name))
        names.append(name.value)
    return names


def to_value(api, array):
    types = {name: number for number, name in ELEMENT_TYPES.items()}
    memory = api.made("CreateCpuMemoryInfo", ctypes.c_int(1), ctypes.c_int(0))
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    return api.made("CreateTensorWithDataAsOrtValue", memory, array.ctypes.data_as(Pointer),
                    ctypes.c_size_t(array.nbytes), shape, ctypes.c_size_t(array.ndim),
                    ctypes.c_int(types[array.dtype.name]))


def from_value(api, value):
    info = api.made("GetTensorTypeAndShape", value)
    element, rank = ctypes.c_int(), ctypes.c_size_t()
    api.GetTensorElementType(info, ctypes.byref(element))
    api.GetDimensionsCount(info, ctypes.byref(rank))
    shape = (ctypes.c_int64 * rank.value)()
    api.GetDimensions(info, shape, rank)
    api.function("ReleaseTensorTypeAndShapeInfo", None)(info)
    dtype = numpy.dtype(ELEMENT_TYPES[element.value])
    size = int(numpy.prod(list(shape), dtype=numpy.int64)) * dtype.itemsize
    data = api.made("GetTensorMutableData", value)
    return numpy.frombuffer(ctypes.string_at(data, size), dtype).reshape(list(shape))


class Session:
    def __init__(self, api, path, threads, feeds):
        self._api = api
        self.version = api.version
        session = create_session(api, path, threads)
        self._feeds = {name: numpy.ascontiguousarray(array) for name, array in feeds.items()}
        values = (Pointer * len(feeds))(*[to_value(api, a) for a in self._feeds.values()])
        names = (ctypes.c_char_p * len(feeds))(*[name.encode() for name in feeds])
        self._names = output_names(api, session)
        # Null at first: the first run makes the outputs, the others write into them.
        self._results = (Pointer * len(self._names))()
        outputs = (ctypes.c_char_p * len(self._names))(*self._names)
        self._run = api.function("Run")
        self._arguments = (session, Pointer(), names, values, ctypes.c_size_t(len(feeds)), outputs,
                           ctypes.c_size_t(len(self._names)), self._results)

    def run(self):
        status = self._run(*self._arguments)
        if status:
            self._api.check(status)

    def outputs(self):
        return {name.decode(): from_value(self._api, Pointer(value))
                for name, value in zip(self._names, self._results)}


if __name__ == "__main__":
    peer.main("onnxruntime", open_library, Session)
