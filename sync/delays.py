"""How long to wait before the next try: exponential with full jitter, so that gates do not all come at once."""

from random import Random

BASE_S = 2.0
CAP_S = 900.0
_MAX_DOUBLINGS = 32


def full_jitter(failures: int, rng: Random, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Seconds to wait after so many failures in a row, 1 or more; anywhere from 0 to the bound of that try.

    Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    doublings = min(failures - 1, _MAX_DOUBLINGS)
    return rng.uniform(0.0, min(cap_s, base_s * 2.0**doublings))


def delay(
    failures: int, rng: Random, retry_after_s: float | None, base_s: float = BASE_S, cap_s: float = CAP_S
) -> float:
    """The same, and never before the other end asked for us: on top of that, so that not all come right then."""
    return (retry_after_s or 0.0) + full_jitter(failures, rng, base_s, cap_s)
