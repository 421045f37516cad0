"""A player writes what it is given in its time, and rests whatever happens."""

import threading
from collections.abc import Iterator
from itertools import cycle, islice
from math import inf

import pytest

from drivers.errors import DriverError
from drivers.player import Player
from tests.waiting import until


class Written(list[str]):
    """Levels as they are written; a write of what is broken fails."""

    broken = ""

    def write(self, level: str) -> None:
        self.append(level)
        if level == self.broken:
            raise DriverError(f"{level} is broken")


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def player(written: Written) -> Iterator[Player[str]]:
    made = Player("The part", written.write, "rest", DriverError)
    yield made
    made.close()


def test_the_first_step_is_written_before_play_returns(player: Player[str], written: Written) -> None:
    player.play([("a", inf)])
    assert written == ["a"]


def test_the_others_follow_and_at_the_end_comes_rest(player: Player[str], written: Written) -> None:
    player.play([("a", 0.002), ("b", 0.0), ("c", 0.002)])
    until(lambda: len(written) == 4)
    assert written == ["a", "b", "c", "rest"]


def test_steps_without_end_go_on_and_on(player: Player[str], written: Written) -> None:
    player.play(zip(cycle("ab"), cycle((0.001,)), strict=False))
    until(lambda: len(written) > 20)
    assert written[:20] == list(islice(cycle("ab"), 20))


def test_a_new_row_takes_the_place_of_the_old_one_at_once(player: Player[str], written: Written) -> None:
    player.play([("a", 3600.0), ("late", 3600.0)])
    player.play([("b", 0.001)])
    until(lambda: written == ["a", "b", "rest"])


def test_no_steps_are_rest(player: Player[str], written: Written) -> None:
    player.play([("a", 3600.0)])
    player.play([])
    assert written == ["a", "rest"]


def test_closing_rests_and_ends_the_thread(player: Player[str], written: Written) -> None:
    threads = threading.active_count()
    player.play([("a", 3600.0), ("late", 3600.0)])
    player.close()
    player.close()
    assert written == ["a", "rest"]
    assert threading.active_count() == threads - 1
    with pytest.raises(DriverError, match="The part: closed"):
        player.play([("b", inf)])


def test_a_fault_at_once_is_raised_at_once_after_rest(player: Player[str], written: Written) -> None:
    written.broken = "a"
    with pytest.raises(DriverError, match="a is broken"):
        player.play([("a", 0.0), ("b", 0.0)])
    assert written == ["a", "rest"]
    player.play([("b", inf)])
    assert written[-1] == "b"


def test_a_fault_on_the_way_rests_and_is_told_at_the_next_row_which_is_played_all_the_same(
    player: Player[str], written: Written
) -> None:
    written.broken = "b"
    player.play([("a", 0.0), ("b", 0.0), ("c", 3600.0)])
    until(lambda: written == ["a", "b", "rest"])
    until(lambda: told(player))
    assert written[-1] == "d"
    player.play([("e", inf)])


def told(player: Player[str]) -> bool:
    try:
        player.play([("d", inf)])
    except DriverError as fault:
        return "b is broken" in str(fault)
    return False


def test_a_part_that_can_not_even_rest_is_closed_all_the_same(written: Written) -> None:
    written.broken = "rest"
    Player("The part", written.write, "rest", DriverError).close()
    assert written == ["rest"]
