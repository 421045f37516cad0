"""placeholder"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Policy:
    zone: ZoneInfo
    agreeing_looks: int = 2
    finger_after_looks: int = 5
    finger_after_s: float = 4.0
    repeat_after_s: float = 300.0
    answer_s: float = 3.0
