"""Reads the networks that dlib serialised, to the last byte, without dlib.

A file is: a version, the loss layer's options, one version per layer (the output's first), the input layer's options,
then the layers themselves, the one nearest the input first. Whatever does not fit is a ModelError: no file is half
believed. Sources: dlib's serialize.h, float_details.h and dnn/{core,layers,loss,input,tensor}.h (Boost licence).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiosk.vision.serialised import Reader, Tensor

# How a layer's version tells its kind; tags and skips say where shortcuts run, which AddShortcut says too.
_TAG, _LAYER, _INNERMOST = 1, 2, 3


@dataclass(frozen=True)
class Convolution:
    """Filters (out, in, rows, columns), a bias for each; stride and padding as (vertical, horizontal)."""

    filters: Tensor
    biases: Tensor
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True)
class Affine:
    """A gain and an offset for each channel."""

    gains: Tensor
    offsets: Tensor


@dataclass(frozen=True)
class Relu:
    """Negative values become zero."""


@dataclass(frozen=True)
class AddShortcut:
    """The block's input is added, both zero-padded at their ends to the larger of each side."""


@dataclass(frozen=True)
class Pool:
    """The largest or the mean of each window, without padding; a window of (0, 0) is the whole picture."""

    mean: bool
    window: tuple[int, int]
    stride: tuple[int, int]


@dataclass(frozen=True)
class Dense:
    """A matrix (inputs, outputs) without bias."""

    weights: Tensor


Layer = Convolution | Affine | Relu | AddShortcut | Pool | Dense


@dataclass(frozen=True)
class Detection:
    """The options of a detector: its window in pixels, and from where on two boxes are one face."""

    window: tuple[int, int]  # width, height
    most_iou: float
    most_covered: float


@dataclass(frozen=True)
class Network:
    """What a file holds: `detection` for a detector alone, the means of red, green and blue, layers in their order."""

    detection: Detection | None
    means: tuple[float, float, float]
    layers: tuple[Layer, ...]


def parse_network(data: bytes, path: Path) -> Network:
    """The network in a file's bytes; `path` is for the message alone. Raises ModelError, whatever the file holds."""
    reader = Reader(data, path)
    reader.expect(1, "the file's version")
    detection = _loss(reader)
    count = _count_layers(reader)
    means = _input(reader)
    layers = []
    for number in range(count):
        layers.append(_layer(reader))
        _bookkeeping(reader)
        if number == 0:
            reader.expect(1, "the samples per picture")
    reader.end()
    return Network(detection, means, tuple(layers))


def _loss(reader: Reader) -> Detection | None:
    name = reader.text()
    if name == "loss_metric_2":
        reader.fractions(2)  # margin and distance, used in training alone
        return None
    if name != "loss_mmod_":
        reader.fail(f"it ends in {name!r}")
    reader.expect(1, "the detector's version")
    window = reader.size(), reader.size()
    reader.fractions(3)  # the costs of an error and what counts as a hit, used in training alone
    most_iou, most_covered = reader.fractions(2)
    reader.fractions(2)  # which faces to leave out, used in training alone
    return Detection(window, most_iou, most_covered)


def _count_layers(reader: Reader) -> int:
    versions = [reader.integer()]
    while versions[-1] != _INNERMOST:
        if versions[-1] not in (_TAG, _LAYER):
            reader.fail(f"{versions[-1]} is no kind of layer")
        versions.append(reader.integer())
    return versions.count(_LAYER) + 1


def _input(reader: Reader) -> tuple[float, float, float]:
    name = reader.text()
    if name not in ("input_rgb_image_sized", "input_rgb_image_pyramid"):
        reader.fail(f"it begins with {name!r}")
    red, green, blue = reader.fractions(3)
    if name == "input_rgb_image_sized":
        reader.expect(150, "the picture's height")
        reader.expect(150, "the picture's width")
    return red, green, blue


def _layer(reader: Reader) -> Layer:
    name = reader.text()
    read = _LAYERS.get(name)
    if read is None:
        reader.fail(f"{name!r} is no layer that we know")
    return read(reader)


def _bookkeeping(reader: Reader) -> None:
    """What follows each layer: three flags, and three tensors of its training, which are empty."""
    reader.flags(3)
    for _ in range(3):
        if reader.tensor().size:
            reader.fail("a training's leftovers are not empty")


def _convolution(reader: Reader) -> Convolution:
    params = reader.tensor()
    out, rows, columns = reader.size(), reader.size(), reader.size()
    stride = reader.size(), reader.size()
    padding = reader.length(), reader.length()
    shape = reader.view()
    biases = reader.view()
    reader.fractions(4)  # how fast it learns
    if shape != (out, shape[1] or 1, rows, columns) or biases != (1, out, 1, 1):
        reader.fail("a convolution contradicts itself")
    split = math.prod(shape)
    reader.check_size(params, split + out)
    return Convolution(params[:split].reshape(shape), params[split:], stride, padding)


def _affine(reader: Reader) -> Affine:
    params = reader.tensor()
    channels = _gains_and_offsets(reader, params)
    reader.expect(0, "the mode of a layer")
    return Affine(params[:channels], params[channels:])


def _batch_norm(reader: Reader) -> Affine:
    """A normalisation as its training left it, which dlib reads as an affine layer (affine_'s constructor)."""
    params = reader.tensor()
    channels = _gains_and_offsets(reader, params)
    for _ in range(2):  # the last batch's means and deviations
        reader.tensor()
    means, variances = (reader.tensor().astype(np.float64) for _ in range(2))
    reader.check_size(means, channels)
    reader.check_size(variances, channels)
    for _ in range(2):  # how many batches the means were taken over
        reader.integer()
    eps = reader.fractions(5)[-1]  # the four before it: how fast it learns
    if not (eps > 0 and variances.min() >= 0):
        reader.fail("a variance is not positive")
    gains = params[:channels] / np.sqrt(variances + eps)
    return Affine(gains.astype(np.float32), (params[channels:] - gains * means).astype(np.float32))


def _gains_and_offsets(reader: Reader, params: Tensor) -> int:
    gains, offsets = reader.view(), reader.view()
    channels = gains[1] or 1
    if gains != offsets or gains != (1, channels, 1, 1):
        reader.fail("a layer of gains and offsets contradicts itself")
    reader.check_size(params, 2 * channels)
    return channels


def _pool(reader: Reader, mean: bool) -> Pool:
    window = reader.length(), reader.length()
    stride = reader.size(), reader.size()
    reader.expect(0, "a pool's padding")
    reader.expect(0, "a pool's padding")
    return Pool(mean, window, stride)


def _dense(reader: Reader) -> Dense:
    outputs, inputs = reader.size(), reader.size()
    params = reader.tensor()
    if reader.view() != (inputs, outputs, 1, 1) or reader.view() != (0, 0, 0, 0):
        reader.fail("the last layer contradicts itself")
    reader.expect(1, "the last layer's bias mode")
    reader.fractions(4)  # how fast it learns
    reader.check_size(params, inputs * outputs)
    return Dense(params.reshape(inputs, outputs))


_LAYERS: dict[str, Callable[[Reader], Layer]] = {
    "con_4": _convolution,
    "affine_": _affine,
    "bn_con2": _batch_norm,
    "relu_": lambda _: Relu(),
    "add_prev_": lambda _: AddShortcut(),
    "max_pool_2": lambda reader: _pool(reader, mean=False),
    "avg_pool_2": lambda reader: _pool(reader, mean=True),
    "fc_2": _dense,
}
