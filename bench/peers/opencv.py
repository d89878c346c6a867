"""OpenCV's dnn module, from Debian's python3-opencv. It takes no symbolic sizes, so those of the
inputs are written into a copy of the model first."""

import onnx

from peers import peer


def with_sizes(path, feeds):
    model = onnx.load(path)
    for value in model.graph.input:
        if value.name in feeds:
            for dim, size in zip(value.type.tensor_type.shape.dim, feeds[value.name].shape):
                dim.dim_value = size
    return model.SerializeToString()


def open_library():
    try:
        import cv2
    except ImportError as error:
        raise peer.Missing("Debian's python3-opencv is not installed") from error
    return cv2


class Session:
    def __init__(self, cv2, path, threads, feeds):
        self.version = cv2.__version__
        cv2.setNumThreads(threads)
        self._net = cv2.dnn.readNetFromONNX(with_sizes(path, feeds))
        self._names = self._net.getUnconnectedOutLayersNames()
        self._feeds = feeds
        self._results = None

    def run(self):
        for name, array in self._feeds.items():
            self._net.setInput(array, name)
        self._results = self._net.forward(self._names)

    def outputs(self):
        return dict(zip(self._names, self._results))


if __name__ == "__main__":
    peer.main("opencv", open_library, Session)
