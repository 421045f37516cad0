"""The table of cues: told apart by rhythm alone, changed in gerbang.toml, and every mistake named with its line."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buzzer import Beep, Tune
from drivers.buzzer.contract import SILENCE
from drivers.lights import Colour, Pattern
from drivers.lights.contract import DARK
from kiosk.config import Config, parse_config
from kiosk.cues import APART, confusions, parse_cues
from kiosk.errors import ConfigError
from kiosk.events import Sign
from kiosk.feedback import FEEDBACK
from kiosk.notation import LIGHT, SOUND, draw, read_rhythm, read_tune, write_rhythm, write_tune
from kiosk.rhythm import CLEAR, contrast_of_lights, contrast_of_sounds

# The eight that people must know without colours, a sign for each.
EIGHT = (
    Sign.READY,
    Sign.RECORDED,
    Sign.REPEATED,
    Sign.UNKNOWN,
    Sign.UNKNOWN_USE_FINGER,
    Sign.LOOK,
    Sign.OFFLINE_TOO_LONG,
    Sign.NEEDS_SERVICE,
)
GROUPS = st.lists(st.text(".-", min_size=1, max_size=4), min_size=1, max_size=3).map("_".join)
RHYTHMS = st.tuples(GROUPS, st.text("_", max_size=3)).map("".join)
NOTES = st.sampled_from(["", "c4", "g#5", "b7"])
TUNES = st.lists(st.tuples(NOTES, st.text(".-", min_size=1, max_size=4)), min_size=1, max_size=3).map(
    lambda groups: "_ ".join(f"{note}{marks}" for note, marks in groups)
)


def blue(text: str) -> Pattern:
    return Pattern(Colour.BLUE, read_rhythm(text))


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return str(caught.value).split("\n")


def test_every_sign_has_its_feedback() -> None:
    assert set(FEEDBACK) == set(Sign)


def test_the_eight_are_told_apart_by_their_lights_rhythm_alone() -> None:
    for one, other in combinations(EIGHT, 2):
        assert contrast_of_lights(FEEDBACK[one].pattern, FEEDBACK[other].pattern) >= CLEAR, (one, other)


def test_those_of_the_eight_that_sound_are_told_apart_by_their_sounds_rhythm_alone() -> None:
    sounding = [sign for sign in EIGHT if FEEDBACK[sign].tune.beeps]
    assert len(sounding) == 5
    for one, other in combinations(sounding, 2):
        assert contrast_of_sounds(FEEDBACK[one].tune, FEEDBACK[other].tune) >= CLEAR, (one, other)


def test_without_colours_and_notes_no_two_of_the_eight_are_the_same() -> None:
    bare = {
        (FEEDBACK[sign].pattern.beats, tuple((beep.on_s, beep.off_s) for beep in FEEDBACK[sign].tune.beeps))
        for sign in EIGHT
    }
    assert len(bare) == len(EIGHT)


def test_the_eight_are_what_the_check_of_a_configuration_keeps_apart() -> None:
    assert all(sum(sign in signs for signs in APART) == 1 for sign in EIGHT)
    assert len(APART) == len(EIGHT)
    assert list(confusions(FEEDBACK)) == []


def test_nothing_looks_or_sounds_like_a_record() -> None:
    recorded = FEEDBACK[Sign.RECORDED]
    for sign in set(Sign) - {Sign.RECORDED}:
        assert contrast_of_lights(recorded.pattern, FEEDBACK[sign].pattern) >= CLEAR
        assert contrast_of_sounds(recorded.tune, FEEDBACK[sign].tune) >= CLEAR


def test_green_is_for_what_is_on_the_card_alone() -> None:
    green = {sign for sign in Sign if FEEDBACK[sign].pattern.colour is Colour.GREEN}
    assert green == {Sign.RECORDED, Sign.REPEATED}


def test_no_light_flashes_more_than_three_times_a_second() -> None:
    for feedback in FEEDBACK.values():
        beats = feedback.pattern.beats
        assert all(on_s + off_s >= 1 / 3 for on_s, off_s in zip(beats[::2], beats[1::2], strict=True))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("-._", "-._", 1.0),
        ("-._", "._-", 1.0),  # seen from another beat on
        (".", "....", 1.0),
        ("._", "._._", 1.0),
        (".", "-", 3.0),
        ("._", ".__", 1.8),
        ("._", "..", 5.0),
        ("steady", "-", float("inf")),
        ("steady", "steady", 1.0),
    ],
)
def test_the_contrast_of_two_lights(one: str, other: str, expected: float) -> None:
    assert contrast_of_lights(blue(one), blue(other)) == pytest.approx(expected)
    assert contrast_of_lights(blue(other), blue(one)) == pytest.approx(expected)


def test_dark_is_told_from_all_but_dark() -> None:
    assert contrast_of_lights(DARK, blue("steady")) == float("inf")
    assert contrast_of_lights(DARK, DARK) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("c5.", "g5.", 1.0), (".", "-", 5.0), (".", "..", float("inf")), ("._.", "..", 5.0), (".", "._", 1.0)],
)
def test_the_contrast_of_two_sounds(one: str, other: str, expected: float) -> None:
    assert contrast_of_sounds(read_tune(one), read_tune(other)) == pytest.approx(expected)


def test_marks_are_beats_in_seconds() -> None:
    assert read_rhythm("-._") == (0.6, 0.2, 0.2, 1.0)
    assert read_rhythm("steady") == ()
    assert read_tune("c5. e5-_ .") == Tune((Beep(0.1, 0.1, "c5"), Beep(0.5, 0.5, "e5"), Beep(0.1, 0.1, "e5")))
    assert read_tune("silent") == SILENCE


def test_a_rhythm_is_drawn_as_long_as_it_is() -> None:
    assert draw(read_rhythm("-._"), LIGHT) == "███·█·····"
    assert draw((0.1, 0.1, 0.5, 0.1), SOUND) == "█·█████·"


@given(RHYTHMS)
def test_a_rhythm_that_is_written_down_is_the_same_again(text: str) -> None:
    assert read_rhythm(write_rhythm(read_rhythm(text))) == read_rhythm(text)


@given(TUNES)
def test_a_tune_that_is_written_down_is_the_same_again(text: str) -> None:
    assert read_tune(write_tune(read_tune(text))) == read_tune(text)


@given(st.text())
def test_any_text_is_a_rhythm_and_a_tune_or_a_sentence(text: str) -> None:
    for read in (read_rhythm, read_tune):
        try:
            read(text)
        except ValueError as error:
            assert len(str(error)) > 10  # noqa: PT017 - that it is a sentence is what is asked for


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("_.", "begins with a pause"),
        (".....", "more than 4 marks without a pause"),
        ("._" * 20, "too long"),
        ("* ", r"has '\*'"),
        ("c5.", "has a note"),
        ("c5", "has a note"),
        ("stedy", "has 's'"),
    ],
)
def test_what_is_no_rhythm_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_rhythm(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'write "silent"'),
        ("c9.", "has 'c'"),
        ("h4.", "has 'h'"),
        ("c5. e5", 'has the note e5 without a mark after it, such as "e5."'),
        ("c5 e5", "has the note c5 without a mark"),
        ("c5_ e5.", "begins with a pause"),
    ],
)
def test_what_is_no_tune_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_tune(text)


def test_an_empty_table_changes_nothing() -> None:
    assert parse_cues({}) == (FEEDBACK, [])
    assert parse_config("[cues]") == Config()


def test_a_part_of_a_cue_is_changed_and_the_rest_is_left() -> None:
    before = FEEDBACK[Sign.RECORDED]
    after = parse_config('[cues]\nrecorded = { sound = "c7." }').feedback
    assert after[Sign.RECORDED].pattern == before.pattern
    assert after[Sign.RECORDED].answer == before.answer
    assert [beep.note for beep in after[Sign.RECORDED].tune.beeps] == ["c7"]
    assert {sign for sign in Sign if after[sign] != FEEDBACK[sign]} == {Sign.RECORDED}


def test_a_cue_is_changed_whole_in_a_table_of_its_own() -> None:
    found = parse_config('[cues.closer]\nlight = "red"\nrhythm = "-..-_"\nsound = ".__-"\n').feedback[Sign.CLOSER]
    assert found.pattern == Pattern(Colour.RED, read_rhythm("-..-_"))
    assert found.tune == read_tune(".__-")


def test_a_cue_can_be_made_dark_and_silent() -> None:
    found = parse_config('[cues]\nkey_in = { light = "dark", sound = "silent" }').feedback[Sign.KEY_IN]
    assert (found.pattern, found.tune) == (DARK, SILENCE)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            '[cues]\nrecored = { light = "green" }',
            ":2: cues.recored is not a sign that we know; did you mean recorded?",
        ),
        ('[cues]\nlook = "blue"', ":2: cues.look should be a table, such as"),
        ('[cues]\nlook = { lihgt = "blue" }', ":2: cues.look.lihgt is not a setting that we know; did you mean light?"),
        ('[cues.look]\n\nlight = "pink"', ":3: cues.look.light should be one of green, red, blue, dark, not 'pink'"),
        ("[cues]\n\nlook.sound = 3", ":3: cues.look.sound should be a text in quotes, not 3"),
        ('[cues]\nready = { rhythm = "." }', ":2: cues.ready.rhythm is of no use to a light that is dark"),
        ('[cues]\nunknown = { light = "green" }', ":2: cues.unknown.light should not be green"),
        ("cues = 3", ":1: cues should be a table, written as [cues]"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: str) -> None:
    found = mistakes(text)
    assert len(found) == 1
    assert line in found[0]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('unknown = { rhythm = "-._" }', "cues.unknown can't be told from unknown_use_finger: its light blinks"),
        ('look = { light = "red", rhythm = "." }', "cues.look can't be told from needs_service: its light blinks"),
        ('needs_service = { sound = "c4-" }', "cues.needs_service can't be told from unknown: its sound beeps"),
        ('closer = { rhythm = "steady" }', "cues.closer can't be told from recorded: its light is steady, too"),
        ('recorded = { light = "dark" }', "cues.recorded can't be told from ready: its light is dark, too"),
        ('look = { light = "dark" }', "cues.look can't be told from ready: its light is dark, too"),
        ('needs_service = { light = "dark", sound = "silent" }', "cues.needs_service can't be told from ready: its"),
        ('key_in = { sound = "c4." }', "cues.key_in can't be told from recorded: its sound beeps"),
        ('offline_too_long = { rhythm = "__" }', "begins with a pause"),
    ],
)
def test_a_change_that_confuses_two_signs_is_a_mistake_with_its_line(entry: str, said: str) -> None:
    assert any(said in line for line in mistakes(f"[cues]\n\n{entry}"))
    assert all(line.startswith("gerbang.toml:3: ") for line in mistakes(f"[cues]\n\n{entry}"))


@given(st.dictionaries(st.sampled_from([sign.value for sign in Sign]), st.fixed_dictionaries({}, optional={
    "light": st.sampled_from(["red", "blue", "dark"]), "rhythm": RHYTHMS, "sound": TUNES,
})))  # fmt: skip
def test_whatever_is_accepted_keeps_the_eight_apart(table: dict[str, Any]) -> None:
    found, wrong = parse_cues(table)
    if not wrong:
        for one, other in combinations(EIGHT, 2):
            assert contrast_of_lights(found[one].pattern, found[other].pattern) >= CLEAR
            if found[one].tune.beeps:
                assert contrast_of_sounds(found[one].tune, found[other].tune) >= CLEAR
