"""Builds the ONNX graph of a network that was read from dlib's file.

Needs the package onnx, so it is imported only when a model is built, never when one is used.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kiosk.vision.dat import AddShortcut, Convolution, Dense, Layer, Network, Pool, Relu
from kiosk.vision.folding import UnknownNetwork, folded, widened

_OPSET = 17
_IR_VERSION = 8
_CHIP_PX = 150
_CHANNELS_AT_ONCE = 16

_Kind = TypeVar("_Kind")


def build_embedder(network: Network) -> bytes:
    """A residual network: `chips` uint8 (n, 150, 150, 3), red-green-blue -> `embeddings` float32 (n, 128).

    Raises UnknownNetwork. Source of the architecture: face_recognition_model_v1 in dlib's face_recognition.cpp.
    """
    graph = _Graph()
    layers = _Layers(folded(network.layers))
    picture = _Picture(_normalised(graph, network.means), 3, _CHIP_PX)
    picture = _convolved(graph, layers, picture)
    picture = _activated(graph, layers, picture)
    picture = _pooled(graph, layers.take(Pool), picture)
    while layers.next_is(Convolution):
        picture = _block(graph, layers, picture)
    pool, dense = layers.take(Pool), layers.take(Dense)
    layers.end()
    if not pool.mean or pool.window != (0, 0) or dense.weights.shape != (picture.channels, 128):
        raise UnknownNetwork("it does not end in 128 numbers")
    mean = graph.node("Flatten", [graph.node("GlobalAveragePool", [picture.name])])
    graph.node("MatMul", [mean, graph.constant(dense.weights)], output="embeddings")
    chips = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", _CHIP_PX, _CHIP_PX, 3])
    embeddings = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", 128])
    return graph.serialised(chips, embeddings, {})


def build_detector(network: Network) -> bytes:
    """A sliding window: `pyramid` float32 (1, 3, height, width), normalised -> `scores` (1, 1, rows, columns).

    What is needed to read the scores stands in the metadata `detection`, in JSON: `means` of red, green and blue;
    `window` (width, height) in pixels; `stride` and `offset`: score i lies over the pixel i * stride + offset;
    `most_iou` and `most_covered`: two boxes that overlap more are one face. Raises UnknownNetwork.
    Source of the architecture: cnn_face_detection_model_v1 in dlib's cnn_face_detector.cpp.
    """
    if network.detection is None:
        raise UnknownNetwork("it is no detector")
    graph = _Graph()
    layers = _Layers(widened(folded(network.layers), _CHANNELS_AT_ONCE))
    picture = _Picture("pyramid", 3, 0)
    stride, offset = 1, 0
    while True:
        convolution = layers.peek(Convolution)
        # The score's pixel is the middle of all that it was computed from (con_::map_output_to_input).
        offset += stride * (convolution.filters.shape[2] // 2 - convolution.padding[0])
        stride *= convolution.stride[0]
        if convolution.filters.shape[0] == 1:
            break
        picture = _activated(graph, layers, _convolved(graph, layers, picture))
    _scored(graph, layers, picture)
    layers.end()
    detection = {
        "means": network.means,
        "window": network.detection.window,
        "stride": stride,
        "offset": offset,
        "most_iou": network.detection.most_iou,
        "most_covered": network.detection.most_covered,
    }
    pyramid = helper.make_tensor_value_info("pyramid", TensorProto.FLOAT, [1, 3, "height", "width"])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    return graph.serialised(pyramid, scores, {"detection": json.dumps(detection)})


class _Layers:
    """The layers of a network, taken one after the other."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = list(layers)
        self._at = 0

    def next_is(self, kind: type[Layer]) -> bool:
        return self._at < len(self._layers) and isinstance(self._layers[self._at], kind)

    def peek(self, kind: type[_Kind]) -> _Kind:
        layer = self._layers[self._at] if self._at < len(self._layers) else None
        if not isinstance(layer, kind):
            raise UnknownNetwork(f"layer {self._at + 1} is no {kind.__name__}")
        return layer

    def take(self, kind: type[_Kind]) -> _Kind:
        layer = self.peek(kind)
        self._at += 1
        return layer

    def end(self) -> None:
        if self._at != len(self._layers):
            raise UnknownNetwork("it has more layers than it should")


@dataclass(frozen=True)
class _Picture:
    """A value on its way through the graph; a side of 0 is one that is not known before it runs."""

    name: str
    channels: int
    side: int


class _Graph:
    """Nodes and constants under names of their own."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Adds an operation; the name of its result."""
        output = output or f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, values: NDArray[Any]) -> str:
        """Adds numbers; their name."""
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def serialised(self, given: onnx.ValueInfoProto, result: onnx.ValueInfoProto, metadata: dict[str, str]) -> bytes:
        """The checked model, the same bytes each time."""
        graph = helper.make_graph(self._nodes, "gerbang", [given], [result], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def _normalised(graph: _Graph, means: tuple[float, float, float]) -> str:
    """Chips as dlib's input layers see them: less the means, divided by 256, channels first."""
    values = graph.node("Cast", ["chips"], to=TensorProto.FLOAT)
    values = graph.node("Transpose", [values], perm=[0, 3, 1, 2])
    values = graph.node("Sub", [values, graph.constant(np.array(means, np.float32).reshape(1, 3, 1, 1))])
    return graph.node("Div", [values, graph.constant(np.array(256, np.float32))])


def _convolved(graph: _Graph, layers: _Layers, picture: _Picture) -> _Picture:
    layer = layers.take(Convolution)
    if layer.filters.shape[1] != picture.channels:
        raise UnknownNetwork(f"a convolution of {layer.filters.shape[1]} channels gets {picture.channels}")
    name = graph.node(
        "Conv",
        [picture.name, graph.constant(layer.filters), graph.constant(layer.biases)],
        kernel_shape=layer.filters.shape[2:],
        strides=layer.stride,
        pads=layer.padding * 2,
    )
    side = (picture.side + 2 * layer.padding[0] - layer.filters.shape[2]) // layer.stride[0] + 1
    return _Picture(name, layer.filters.shape[0], side)


def _scored(graph: _Graph, layers: _Layers, picture: _Picture) -> None:
    """The last convolution, to one channel, as the transposed one with mirrored filters.

    It is the same sum; but onnxruntime multiplies matrices for it, and is five times as quick with but one channel.
    """
    layer = layers.take(Convolution)
    _, channels, rows, columns = layer.filters.shape
    if layer.stride != (1, 1) or layer.padding != (rows // 2, columns // 2) or channels != picture.channels:
        raise UnknownNetwork("its last convolution is another")
    mirrored = layer.filters[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    graph.node(
        "ConvTranspose",
        [picture.name, graph.constant(mirrored), graph.constant(layer.biases)],
        output="scores",
        pads=layer.padding * 2,
    )


def _activated(graph: _Graph, layers: _Layers, picture: _Picture) -> _Picture:
    layers.take(Relu)
    return replace(picture, name=graph.node("Relu", [picture.name]))


def _pooled(graph: _Graph, layer: Pool, picture: _Picture) -> _Picture:
    kind = "AveragePool" if layer.mean else "MaxPool"
    name = graph.node(kind, [picture.name], kernel_shape=layer.window, strides=layer.stride)
    return _Picture(name, picture.channels, (picture.side - layer.window[0]) // layer.stride[0] + 1)


def _block(graph: _Graph, layers: _Layers, picture: _Picture) -> _Picture:
    """Two convolutions and a shortcut past them, which is halved where they halve."""
    inner = _activated(graph, layers, _convolved(graph, layers, picture))
    inner = _convolved(graph, layers, inner)
    shortcut = _pooled(graph, layers.take(Pool), picture) if layers.next_is(Pool) else picture
    layers.take(AddShortcut)
    channels, side = max(inner.channels, shortcut.channels), max(inner.side, shortcut.side)
    parts = [_padded(graph, part, channels, side) for part in (inner, shortcut)]
    return _activated(graph, layers, _Picture(graph.node("Add", parts), channels, side))


def _padded(graph: _Graph, picture: _Picture, channels: int, side: int) -> str:
    """Zeros after the last channel, row and column (add_prev_ in dlib's layers.h)."""
    more = [0, 0, 0, 0, 0, channels - picture.channels, side - picture.side, side - picture.side]
    if not any(more):
        return picture.name
    return graph.node("Pad", [picture.name, graph.constant(np.array(more, np.int64))])
