"""The two kinds of sensor that can be emulated, and how long they take over their work.

Sources: the manuals of the ZFM series (V1.3 and 2.0, ZhianTec) and of the R503 (V1.2, Grow). They give limits only
(an image in less than 1 s or 0.2 s, features in less than 0.5 s, a search in less than 1 s for 500 pages; the R301's
manual: less than 50 ms); half of each is taken as usual here. What they do not tell, a look at a bare glass and a
write to the flash, is a fifth of an image, and what a serial NOR flash takes to erase a sector.
"""

from dataclasses import dataclass
from typing import Final, Literal

from drivers.fingerprint.packets import Code, Instruction

_WRITING: Final = {
    Instruction.STORE,
    Instruction.DELETE,
    Instruction.SET_PARAMETER,
    Instruction.SET_PASSWORD,
    Instruction.SET_ADDRESS,
}
ModelName = Literal["zfm20", "r503"]


@dataclass(frozen=True)
class Timing:
    """Seconds of silence after power-on and of work at commands; paced: whether bytes take their time on the line.

    As it is made by default, a sensor is as fast as this program can be.
    """

    power_on_s: float = 0.0
    image_s: float = 0.0
    bare_s: float = 0.0
    features_s: float = 0.0
    search_s: float = 0.0
    page_s: float = 0.0
    flash_s: float = 0.0
    empty_s: float = 0.0
    other_s: float = 0.0
    paced: bool = False

    def work_s(self, command: int, code: int, pages: int) -> float:
        """How long the sensor works at a command that it answers so, with so many pages in use."""
        match command:
            case Instruction.TAKE_IMAGE:
                return self.bare_s if code == Code.NO_FINGER else self.image_s
            case Instruction.IMAGE_TO_CHARACTERS:
                return self.features_s
            case Instruction.SEARCH | Instruction.FAST_SEARCH:
                return self.search_s + pages * self.page_s
            case number if number in _WRITING:
                return self.flash_s
            case Instruction.EMPTY:
                return self.empty_s
        return self.other_s


@dataclass(frozen=True)
class Model:
    """A kind of sensor. system: its own code of itself; picture: width and height in pixels; bauds: N of 9600 x N.

    ring: whether it has a light ring and can be reset by a command; it then says a bare 55 when it is ready.
    """

    name: ModelName
    system: int
    capacity: int
    template_bytes: int
    picture: tuple[int, int]
    bauds: frozenset[int]
    ring: bool
    timing: Timing


MODELS: Final[dict[ModelName, Model]] = {
    "zfm20": Model(
        name="zfm20",
        system=9,
        capacity=200,
        template_bytes=512,
        picture=(256, 288),
        bauds=frozenset(range(1, 13)),
        ring=False,
        timing=Timing(0.5, 0.5, 0.1, 0.25, 0.01, 0.001, 0.05, 0.5, 0.001, paced=True),
    ),
    "r503": Model(
        name="r503",
        system=0,
        capacity=200,
        template_bytes=1536,
        picture=(192, 192),
        bauds=frozenset({1, 2, 4, 6, 12}),
        ring=True,
        timing=Timing(0.05, 0.1, 0.02, 0.25, 0.005, 0.00005, 0.05, 0.5, 0.001, paced=True),
    ),
}
