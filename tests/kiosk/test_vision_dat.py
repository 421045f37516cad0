"""dlib's files: read to the last byte, or refused in one sentence."""

import math
import random
import re
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import ModelError
from kiosk.vision.dat import AddShortcut, Affine, Convolution, Dense, Network, Pool, Relu, parse_network
from kiosk.vision.models import LANDMARKS, MMOD, RESNET, model_path
from kiosk.vision.serialised import Reader
from tests.conftest import missing

PATH = Path("some.dat")
Kind = TypeVar("Kind")


def _file(name: str) -> bytes:
    try:
        return model_path(name).read_bytes()
    except ModelError:
        missing("face_recognition_models (run scripts/setup)")
        raise


@pytest.fixture(scope="module")
def resnet() -> bytes:
    return _file(RESNET)


@pytest.fixture(scope="module")
def mmod() -> bytes:
    return _file(MMOD)


@pytest.fixture(scope="module")
def structure(mmod: bytes) -> list[int]:
    """Where bytes lie that are no weights: around each layer's name, and at both ends."""
    names = [found.start() for found in re.finditer(b"con_4|bn_con2|relu_", mmod)]
    return [*range(140), *(at + i for at in names for i in range(-60, 16)), *range(len(mmod) - 90, len(mmod))]


def test_the_resnet_has_its_29_layers(resnet: bytes) -> None:
    network = parse_network(resnet, PATH)
    convolutions = _all(network, Convolution)
    assert network.detection is None
    assert network.means == pytest.approx((122.782, 117.001, 104.298))
    assert len(convolutions) == len(_all(network, Affine)) == 29
    assert convolutions[0].filters.shape == (32, 3, 7, 7)
    assert convolutions[0].stride == (2, 2)
    assert [block.filters.shape[0] for block in convolutions[1::2]] == [32] * 3 + [64] * 4 + [128] * 3 + [256] * 4
    assert len(_all(network, AddShortcut)) == 14
    assert [pool.mean for pool in _all(network, Pool)] == [False, True, True, True, True, True]
    assert _all(network, Dense)[0].weights.shape == (256, 128)


def test_the_detector_has_its_window_and_its_seven_layers(mmod: bytes) -> None:
    network = parse_network(mmod, PATH)
    convolutions = _all(network, Convolution)
    assert network.detection is not None
    assert network.detection.window == (80, 80)
    assert 0.3 < network.detection.most_iou < 0.4
    assert network.detection.most_covered == 1
    assert [layer.filters.shape[0] for layer in convolutions] == [16, 32, 32, 45, 45, 45, 1]
    assert [layer.stride[0] for layer in convolutions] == [2, 2, 2, 1, 1, 1, 1]
    assert len(_all(network, Affine)) == len(_all(network, Relu)) == 6


def test_a_file_cut_anywhere_is_refused(mmod: bytes) -> None:
    near_the_ends = [*range(400), *range(len(mmod) - 150, len(mmod))]
    for cut in [*near_the_ends, *range(400, len(mmod), 9973)]:
        _assert_refused(mmod[:cut])


def test_a_large_file_cut_anywhere_is_refused(resnet: bytes) -> None:
    for cut in [0, 1, 5, 100, 300, 340, 345, *range(400, len(resnet), 1_500_001), len(resnet) - 1]:
        _assert_refused(resnet[:cut])


def test_what_follows_the_end_is_refused(mmod: bytes) -> None:
    _assert_refused(mmod + b"\0")


@pytest.mark.parametrize("foreign", [b"", b"\0" * 1000, b"\x89PNG\r\n\x1a\n" + b"\0" * 100, b"\xff" * 5000])
def test_a_foreign_file_is_refused(foreign: bytes) -> None:
    _assert_refused(foreign)


def test_another_model_of_dlibs_is_refused() -> None:
    _assert_refused(_file(LANDMARKS))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    _assert_refused(data)


@given(st.binary(max_size=100))
def test_any_bytes_after_a_true_beginning_are_refused(data: bytes) -> None:
    _assert_refused(b"\x01\x01\x01\x0aloss_mmod_" + data)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_byte_is_refused_or_was_a_weight(mmod: bytes, structure: list[int], data: st.DataObject) -> None:
    """Which of the two can't be told from a weight; that is what the digest in models.py is for."""
    at = data.draw(st.sampled_from(structure) | st.integers(0, len(mmod) - 1))
    damaged = bytearray(mmod)
    damaged[at] ^= data.draw(st.integers(1, 255))
    try:
        network = parse_network(bytes(damaged), PATH)
    except ModelError as error:
        _assert_one_sentence(error)
    else:
        assert len(network.layers) == 19


def test_a_file_that_is_shuffled_is_refused(mmod: bytes) -> None:
    blocks = [mmod[at : at + 4096] for at in range(0, len(mmod), 4096)]
    chance = random.Random(1)
    for _ in range(20):
        chance.shuffle(blocks)
        _assert_refused(b"".join(blocks))


def test_a_number_that_is_not_finite_is_refused(mmod: bytes) -> None:
    first_weight = mmod.index(b"con_4") + len(b"con_4") + 11
    damaged = bytearray(mmod)
    damaged[first_weight : first_weight + 4] = np.array(np.nan, "<f4").tobytes()
    _assert_refused(bytes(damaged))


def test_a_tensor_larger_than_the_file_asks_for_no_memory() -> None:
    side = b"\x04\x00\x00\x00\x01"
    with pytest.raises(ModelError, match="ends too early"):
        Reader(b"\x01\x02" + side * 4, PATH).tensor()


@given(st.integers(-(2**64) + 1, 2**64 - 1))
def test_every_whole_number_is_read_as_it_was_written(number: int) -> None:
    assert Reader(_integer(number), PATH).integer() == number


@given(st.integers(-(2**53), 2**53), st.integers(-900, 900))
def test_every_fraction_is_read_as_it_was_written(mantissa: int, exponent: int) -> None:
    written = _integer(mantissa) + _integer(exponent)
    assert Reader(written, PATH).fractions(1) == [math.ldexp(mantissa, exponent)]


@pytest.mark.parametrize("exponent", [32000, -32000, 32001, 32002])
def test_a_fraction_that_is_no_number_is_refused(exponent: int) -> None:
    """dlib writes infinities and no-numbers with exponents of 32000 and more (float_details.h)."""
    with pytest.raises(ModelError, match="a fraction is malformed"):
        Reader(_integer(0) + _integer(exponent), PATH).fractions(1)


def _integer(number: int) -> bytes:
    """As dlib writes it (pack_int in serialize.h)."""
    size = max(1, (abs(number).bit_length() + 7) // 8)
    return bytes([size | (0x80 if number < 0 else 0)]) + abs(number).to_bytes(size, "little")


def _all(network: Network, kind: type[Kind]) -> list[Kind]:
    return [layer for layer in network.layers if isinstance(layer, kind)]


def _assert_refused(data: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        parse_network(data, PATH)
    _assert_one_sentence(caught.value)


def _assert_one_sentence(error: ModelError) -> None:
    assert str(error).startswith("the model some.dat is damaged")
    assert str(error).endswith("run scripts/setup again")
    assert "\n" not in str(error)
