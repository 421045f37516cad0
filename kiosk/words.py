"""The words for people, by language: what each sign says, and the page's own labels. The texts are in messages/."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from drivers.errors import Trouble
from kiosk.events import Direction, Means, Sign

LANGUAGES = ("id", "en")


@dataclass(frozen=True)
class Saying:
    """What one sign says."""

    headline: str
    detail: str


@dataclass(frozen=True)
class Words:
    """One language.

    greetings: from this hour on; weekdays: from Monday; date, labels and signs: format texts; faults: by part and what
    is wrong with it.
    """

    language: str
    date: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    greetings: Mapping[int, str]
    directions: Mapping[str, str]
    ways: Mapping[str, str]
    labels: Mapping[str, str]
    faults: Mapping[str, Mapping[str, str]]
    signs: Mapping[Sign, Saying]

    def say(
        self,
        sign: Sign,
        local: datetime,
        name: str = "",
        direction: Direction | None = None,
        first: datetime | None = None,
    ) -> Saying:
        """A sign's words for the school's own time; first: when the record that stands was made, also local."""
        known = {
            "name": name,
            "time": time_text(local),
            "first": time_text(first or local),
            "greeting": self.greeting(local),
            "direction": self.direction(direction),
        }
        saying = self.signs[sign]
        return Saying(saying.headline.format_map(known), saying.detail.format_map(known))

    def greeting(self, local: datetime) -> str:
        """Good morning, and so on."""
        return self.greetings[max(hour for hour in self.greetings if hour <= local.hour)]

    def direction(self, direction: Direction | None) -> str:
        """Masuk or Pulang; where it is not known, that something was recorded."""
        return self.directions[direction or "unknown"]

    def means(self, means: Means) -> str:
        """Wajah or jari."""
        return self.ways[means]

    def label(self, key: str, n: int = 0) -> str:
        """A label of the page. Raises KeyError for one that does not exist."""
        return self.labels[key].format(n=n)

    def fault(self, part: str, what: str) -> str:
        """What is wrong with a part; that something is, where there is no word for it."""
        return self.faults[part].get(what) or self.faults[part][Trouble.BROKEN.value]

    def date_text(self, local: datetime) -> str:
        """A day as people write it: Senin, 23 November 2026."""
        return self.date.format(
            weekday=self.weekdays[local.weekday()],
            day=local.day,
            month=self.months[local.month - 1],
            year=local.year,
        )


def time_text(local: datetime) -> str:
    """Hours and minutes, as on the gate's own clock: 06:55."""
    return f"{local:%H:%M}"


def load_words(language: str = "id") -> Words:
    """The words of a language. Raises ValueError for one that we do not speak."""
    if language not in LANGUAGES:
        raise ValueError(f"there are no words in {language!r}; there are {', '.join(LANGUAGES)}")
    text = files("kiosk").joinpath("messages", f"{language}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Words(
        language=language,
        date=table["date"],
        weekdays=tuple(table["weekdays"]),
        months=tuple(table["months"]),
        greetings={int(hour): greeting for hour, greeting in table["greetings"].items()},
        directions=table["direction"],
        ways=table["means"],
        labels=table["labels"],
        faults=table["faults"],
        signs={Sign(key): Saying(**saying) for key, saying in table["signs"].items()},
    )
