"""What a school may decide about its gate; the rules themselves are in gate.py."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Policy:
    """The gate's patience. Times in seconds.

    zone: the school's time zone, which decides where a day begins.
    agreeing_looks: so many looks in a row must name the same person.
    finger_after_looks, finger_after_s: without a match after so many looks, or so long, the finger is asked for.
    repeat_after_s: a person who comes again sooner is told so, and not recorded twice.
    answer_s: how long an answer stays for the person to read.
    gone_after_s: who was not seen for so long has left; shorter gaps are a blink of the detector.
    key_s: how long a key for coming or going holds, if nobody is recorded meanwhile.
    finger: whether there is a sensor at this gate at all.
    """

    zone: ZoneInfo
    agreeing_looks: int = 3
    finger_after_looks: int = 15
    finger_after_s: float = 4.0
    repeat_after_s: float = 300.0
    answer_s: float = 3.0
    gone_after_s: float = 2.0
    key_s: float = 10.0
    finger: bool = True
