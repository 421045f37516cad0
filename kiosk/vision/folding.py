"""The layers of a network, rewritten so that the same numbers come out sooner."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kiosk.vision.dat import Affine, Convolution, Layer


class UnknownNetwork(ValueError):
    """Its layers don't stand in the order that this kind of network has."""


def folded(layers: Sequence[Layer]) -> list[Layer]:
    """Without affine layers: their gains and offsets go into the convolution before them. Raises UnknownNetwork."""
    result: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Affine):
            result.append(_with_affine(result.pop() if result else None, layer))
        else:
            result.append(layer)
    return result


def widened(layers: Sequence[Layer], multiple: int) -> list[Layer]:
    """With empty channels between the convolutions, so that the count is a multiple. Only for convolutions in a row.

    onnxruntime computes blocks of up to 16 channels at once, and falls back to a slower way where a count doesn't fit.
    """
    last = max(i for i, layer in enumerate(layers) if isinstance(layer, Convolution))
    result: list[Layer] = []
    more_in = 0
    for i, layer in enumerate(layers):
        if isinstance(layer, Convolution):
            more_out = -layer.filters.shape[0] % multiple if i < last else 0
            filters = np.pad(layer.filters, ((0, more_out), (0, more_in), (0, 0), (0, 0)))
            result.append(replace(layer, filters=filters, biases=np.pad(layer.biases, (0, more_out))))
            more_in = more_out
        else:
            result.append(layer)
    return result


def _with_affine(before: Layer | None, affine: Affine) -> Convolution:
    if not isinstance(before, Convolution) or before.biases.shape != affine.gains.shape:
        raise UnknownNetwork("gains and offsets have no convolution that they fit")
    filters = before.filters * affine.gains.reshape(-1, 1, 1, 1)
    return replace(before, filters=filters, biases=before.biases * affine.gains + affine.offsets)
