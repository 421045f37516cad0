"""What the gate says, in every language that it speaks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kiosk.events import Sign
from kiosk.words import LANGUAGES, Saying, Words, load_words

WITA = ZoneInfo("Asia/Makassar")
MORNING = datetime(2026, 11, 23, 6, 55, 3, tzinfo=WITA)
AFTERNOON = datetime(2026, 11, 23, 15, 30, tzinfo=WITA)


@pytest.fixture
def indonesian() -> Words:
    return load_words()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sign", Sign)
def test_every_sign_has_words_in_every_language(sign: Sign, language: str) -> None:
    said = load_words(language).say(sign, MORNING, "Siti", "in", MORNING)
    assert said.headline
    assert "{" not in said.headline + said.detail


@pytest.mark.parametrize("sign", Sign)
def test_a_sign_can_be_said_without_a_person(sign: Sign, indonesian: Words) -> None:
    assert indonesian.say(sign, MORNING).headline


def test_every_language_has_the_same_keys() -> None:
    first, *others = (load_words(language) for language in LANGUAGES)
    for words in others:
        for part in ("directions", "ways", "labels", "signs", "faults"):
            assert getattr(words, part).keys() == getattr(first, part).keys(), part
        assert all(words.faults[part].keys() == said.keys() for part, said in first.faults.items())
        assert len(words.weekdays) == 7
        assert len(words.months) == 12


def test_indonesian_is_spoken_unless_another_is_named(indonesian: Words) -> None:
    assert indonesian.language == "id"


def test_a_language_that_we_do_not_speak_is_named_with_those_that_we_do() -> None:
    with pytest.raises(ValueError, match="'fr'; there are id, en"):
        load_words("fr")


def test_who_comes_in_the_morning_is_greeted_and_told_the_time(indonesian: Words) -> None:
    assert indonesian.say(Sign.RECORDED, MORNING, "Siti", "in") == Saying("Selamat pagi", "Masuk 06:55")


def test_who_leaves_in_the_afternoon_is_greeted_and_told_the_time(indonesian: Words) -> None:
    assert indonesian.say(Sign.RECORDED, AFTERNOON, "Siti", "out") == Saying("Selamat sore", "Pulang 15:30")


def test_who_comes_again_is_told_when_it_was_recorded(indonesian: Words) -> None:
    said = indonesian.say(Sign.REPEATED, MORNING.replace(hour=7), "Siti", "in", MORNING)
    assert said == Saying("Sudah tercatat", "Masuk tadi pukul 06:55")


def test_a_name_with_braces_is_no_format_text(indonesian: Words) -> None:
    assert indonesian.say(Sign.RECORDED, MORNING, "{time} {0}", "in").headline == "Selamat pagi"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hour", range(24))
def test_every_hour_of_the_day_has_a_greeting(hour: int, language: str) -> None:
    assert load_words(language).greeting(MORNING.replace(hour=hour))


def test_the_date_is_written_as_people_write_it(indonesian: Words) -> None:
    assert indonesian.date_text(MORNING) == "Senin, 23 November 2026"
    assert load_words("en").date_text(MORNING) == "Monday, 23 November 2026"


def test_directions_and_means_have_words(indonesian: Words) -> None:
    assert [indonesian.direction("in"), indonesian.direction("out")] == ["Masuk", "Pulang"]
    assert [indonesian.means("face"), indonesian.means("finger")] == ["wajah", "jari"]


def test_labels_count(indonesian: Words) -> None:
    assert indonesian.label("unsent", 3) == "Belum terkirim: 3"
    assert indonesian.label("connecting") == "Menghubungkan…"
