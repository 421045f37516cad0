"""How the detector's tiled picture is laid out; what it finds in it is tried in test_vision_engines.py."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.vision.mmod import Tile, lay_tiles

SIDES = st.integers(1, 3000)


@given(SIDES, SIDES)
@example(1, 1)
@example(40, 3000)
@example(3000, 40)
def test_tiles_lie_inside_and_apart(height: int, width: int) -> None:
    tiles, tiled_height, tiled_width = lay_tiles(height, width)
    for i, tile in enumerate(tiles):
        assert tile.left >= 11
        assert tile.left + tile.width <= tiled_width - 11
        assert tile.top >= 11
        assert tile.top + tile.height <= tiled_height - 11
        assert not any(_overlap(tile, other) for other in tiles[:i])


@given(SIDES, SIDES)
def test_each_tile_is_five_sixths_of_the_one_before(height: int, width: int) -> None:
    tiles, _, _ = lay_tiles(height, width)
    assert tiles[0] == Tile(11, 11, width, height)
    for tile, smaller in pairwise(tiles):
        assert 0 <= tile.width * 5 / 6 - smaller.width <= 1
        assert 0 <= tile.height * 5 / 6 - smaller.height <= 1


def test_a_small_screen_is_laid_out_in_two_columns() -> None:
    tiles, height, width = lay_tiles(240, 320)
    assert (height, width) == (921, 342)
    assert len(tiles) == 20
    assert tiles[1] == Tile(11, 261, 266, 200)
    assert tiles[-1].left + tiles[-1].width == width - 11


def test_a_point_between_tiles_is_as_far_as_their_nearest_pixel() -> None:
    tile = Tile(11, 11, 100, 50)
    assert tile.distance(11, 11) == tile.distance(110, 60) == 0
    assert tile.distance(113, 64) == 5
    assert tile.distance(5, 30) == 6


def _overlap(one: Tile, other: Tile) -> bool:
    across = one.left < other.left + other.width and other.left < one.left + one.width
    return across and one.top < other.top + other.height and other.top < one.top + one.height
