"""What is decided about two texts, and which differences are forgiven."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class Leniency(BaseModel):
    """Differences that are forgiven; a decision names each one that it needed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    units: bool = True
    """A unit that only one side has: `5` for `5 cm`. Two units are always converted, exactly."""
    percent: bool = True
    """A percent sign that only one side has: `50` for `50%`. That 50% is 0.5 holds always."""
    currency: bool = True
    """A currency that only one side has: `$5` for 5."""
    order: bool = True
    """Lists without brackets in another order: `2, 1` for `1, 2`. Points and vectors never."""
    rounding: bool = True
    """More digits than a reference in decimals has, which round to it: `1/3` or 0.3333 for 0.33; fewer never."""
    assignment: bool = True
    """A name in front: `x = 5` or `x \\in \\{5\\}` for 5, `f(x) = x^2` for `x^2`."""
    conditions: bool = True
    """A condition that only one side has: `2x for x > 0` for `2x`."""
    constant: bool = True
    """Another constant of integration or of a general solution: `x^2 + c` for `x^2 + 1 + C`, `A e^x` for `C e^x`. One
    that is missing never."""
    case: bool = True
    """The letter of a choice in the other case: `b` for B. Words always may."""
    base: bool = True
    """The base left out where the reference has one: `1010` for `1010_2`."""
    unevaluated: bool = False
    """What is left to be worked out: `2 + 3` for 5, an integral for its value."""


class Decision(NamedTuple):
    """Whether an answer says what the reference says."""

    equal: bool | None
    """None where it isn't decided here, and somebody else may try."""
    rule: str
    """How it was decided: "rational value", "polynomial identity", …"""
    reason: str | None = None
    """Why they aren't equal, or why it isn't decided, in words for a person."""
    lenient: tuple[str, ...] = ()
    """The fields of `Leniency` without which they wouldn't be equal."""

    def by(self, switch: str) -> "Decision":
        """The same by grace of a leniency, where it is one of equality."""
        if not self.equal or switch in self.lenient:
            return self
        return self._replace(lenient=(*self.lenient, switch))


def different(rule: str, reason: str) -> Decision:
    """They are sure not to be the same."""
    return Decision(False, rule, reason)


def undecided(reason: str) -> Decision:
    """Nothing here can tell."""
    return Decision(None, "undecided", reason)
