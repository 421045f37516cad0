"""How near is near enough: threshold and margin follow from the gallery and from the error that one accepts.

The rule. A probe that belongs to nobody here is compared with n templates, and FPIR = 1 - (1 - FMR)^n is the chance
that one of them takes it for its own (ISO/IEC 19795-1, closed form for independent comparisons). So the accepted FPIR
gives the FMR that a single comparison may have, 1 - (1 - FPIR)^(1/n), and the threshold is the distance at which this
network has it. It is never above CAP, however few are enrolled.

The network's FMR. For rare errors it is an exponential tail: log10 FMR(t) = (t - 0.623) / 0.040. An exponential tail
is what peaks-over-threshold statistics expects (Pickands 1975; for biometrics Scheirer et al., Meta-Recognition, 2011).
Measured with the gate's own engine on 20 people of the ORL database, 10 pictures each, found at 92x112 pixels and
enlarged three times, three templates a person (each the mean of a face and its mirror image) and plain probes:
- One decade takes 0.036 and 0.027 below 0.48, 0.049 and 0.043 below 0.50 (mean excess, both sizes): 0.040.
- The nearest of a stranger's three templates lies within 0.48, with the runner-up at least the margin farther, in
  0.102 % of comparisons of people. All 40 people of ORL have 0.78 times the false matches of these 20 at 0.50 (0.07 %
  against 0.09 %), which gives 0.080 % a person, 0.027 % a template: 0.48 + 0.040 * log10(1 / 0.00027) = 0.623.
- Above 0.52 the model says more than was measured (LFW: 0.7 % at 0.60, dlib's author), and is not used there.
ORL was taken in one place with one camera, as the pictures at a gate are; LFW's strangers are easier to tell apart.
Fitted on ten of the 20 people at a time, the rule's threshold for 13 people varies from 0.40 to 0.45, with its median
at 0.42. By tests/bench/accuracy.py, 200 random splits of the pictures as they are (13 people enrolled, all other
pictures shown): 98.6 % right (94.5 % in the worst split), nobody wrong, and none of 14,000 showings of strangers taken;
with the pictures enlarged three times first, over 400 splits, 98.4 % (94.5 %), nobody wrong, 10 of 28,000 taken.
"""

import math
from dataclasses import dataclass

FPIR = 0.001
CAP = 0.45  # no false match among ORL's 75,000 pairs; users report Asian strangers from 0.42 to 0.48 (dlib issue 1944)

_DECADE = 0.040  # how much nearer makes a false match ten times rarer
_CERTAIN = 0.623  # where the tail, prolonged, reaches 1
_ODDS = 10.0  # the runner-up must be so many times likelier to be there by chance


@dataclass(frozen=True)
class Decision:
    """How sure is sure. A face farther than `threshold` is unknown; one whose runner-up is within `margin` too."""

    threshold: float
    margin: float

    @property
    def lookalike(self) -> float:
        """Two people with templates nearer than this are look-alikes: one could pass for the other in some picture.

        A probe within the threshold of both is told apart only where it is nearer to one by the margin.
        """
        return self.threshold + self.margin


def false_match_rate(distance: float) -> float:
    """The chance that a template of somebody else lies within this distance of a face."""
    return min(1.0, 10 ** ((distance - _CERTAIN) / _DECADE))


def decide(templates: int, fpir: float = FPIR, threshold: float | None = None, margin: float | None = None) -> Decision:
    """The decision for a gallery of so many templates: by the rule, but for what is given.

    fpir: the accepted rate of strangers that are taken for somebody, 0 to 1, without the bounds. ValueError otherwise.
    """
    if not 0 < fpir < 1:
        raise ValueError(f"a false positive identification rate lies between 0 and 1, and {fpir} does not")
    return Decision(
        _threshold(templates, fpir) if threshold is None else threshold,
        _DECADE * math.log10(_ODDS) if margin is None else margin,
    )


def _threshold(templates: int, fpir: float) -> float:
    # 1 - (1 - fpir)^(1/n), in the form that keeps its digits for a large n.
    accepted = -math.expm1(math.log1p(-fpir) / max(1, templates))
    return min(CAP, max(0.0, _CERTAIN + _DECADE * math.log10(accepted)))
