"""Values that a text gives one after another, each by its name: "mean 5, standard deviation 2"."""

import re
from collections.abc import Sequence

from .spans import Span

_NO_NAME = (
    r"(?:an?|the|its|their|and|or|is|are|was|be|has|have|had|with|of|at|in|on|by|for|to|from|so|then|thus|hence|we|it|"
    r"there|that|this|which|where|when|while|whereas|if|since|because|as|not|no|only|about|than|get|gives?|find|obtain|"
    r"attained|reached|achieved|occurs?|occurring|located|but|either|namely|both|all|each|every|any|some|after|before|between|over|under|least|most|per|increases?|decreases?|approximately|roughly|nearly|almost|around)\b"
)
_WORD = rf"(?!{_NO_NAME})[A-Za-z][A-Za-z'’-]*"
_NAME = rf"(?P<name>(?:{_WORD}\s+){{0,2}}{_WORD}(?:\s+of\s+symmetry)?)(?:\s+of\s+(?:the\s+)?{_WORD})?"
_GIVES = r"(?:\s+(?:is|are|was|equals|has|have|of|at|=)|\s*[:=])?[\s*]*"
_FIRST = re.compile(rf"(?<![\w'’-]){_NAME}{_GIVES}\Z", re.IGNORECASE)
_COUNTED = r"(?:\s+(?:years\s+old|old|(?!less|minus|plus|times|across)[a-z]{3,}s|each)\b)?"
_NEXT = re.compile(
    rf"{_COUNTED}[\s*]*(?:[,;]\s*(?:and\s+|with\s+)?|\b(?:and|with)\s+)(?:(?:an?|the|its|their)\s+)?{_NAME}{_GIVES}",
    re.IGNORECASE,
)
_LAST = re.compile(rf"{_COUNTED}(?:\s+respectively)?[\s.*]*")
_OWN_NAME = re.compile(r"\s*([A-Za-z](?:_\w)?)\s*=")
_LONGEST_NAME = 80
_MOST = 6

_BELONG_TOGETHER = tuple(
    frozenset(names.split())
    for names in (
        "center centre radius diameter vertex vertices focus foci axis directrix eccentricity",
        "mean median mode variance deviation",
        "minimum maximum min max",
        "price quantity",
        "quotient remainder",
        "slope gradient intercept",
        "asymptote asymptotes hole",
        "domain range",
        "amplitude period shift midline",
        "eigenvalue eigenvalues eigenvector eigenvectors",
        "larger smaller",
        "magnitude modulus direction argument",
    )
)
"""What is asked for at once: other lines with headings lead from one to the next, and the last is the answer."""
_LINE = re.compile(
    r"\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?[*_]*(?:The\s+)?([A-Za-z][a-z]*(?:[\s-][a-z]+){0,3}?)[*_]*(?:\s*[:=]|\s+(?:is|are)\b)\s*\S"
)


def by_name(statement: str, values: Sequence[Span]) -> str:
    """Each value with its name, or an empty text where one has none: `mean = 5, standard deviation = 2`."""
    values = [_without_stop(statement, span) for span in values]
    if not 1 < len(values) <= _MOST or not _LAST.fullmatch(statement, values[-1].end):
        return ""
    first = _FIRST.search(statement, max(0, values[0].start - _LONGEST_NAME), values[0].start)
    pairs = zip(values, values[1:], strict=False)
    others = [_NEXT.fullmatch(statement, left.end, right.start) for left, right in pairs]
    names = [_plain(found["name"]) for found in (first, *others) if found]
    if len(names) < len(values):
        return ""
    own = [found[1] for span in values if (found := _OWN_NAME.match(span.content))]
    if own:
        if len(set(own)) == len(values):
            return ", ".join(span.content for span in values)
        values = [span._replace(content=_OWN_NAME.sub("", span.content)) for span in values]
    return _said(names, values) if len(set(names)) == len(names) else ""


def _heading(line: str) -> set[str]:
    found = _LINE.match(line)
    return set(found[1].lower().split()) if found else set()


_SHORT = {"sd": "standard deviation", "std": "standard deviation", "var": "variance"}


def _plain(name: str) -> str:
    """`boat speed` of "boat's speed"; a word of three letters with a capital, which tells it from a product."""
    name = _SHORT.get(name.lower(), name).replace("'s", "").replace("’s", "")
    return name.capitalize() if len(name) == 3 else name


def _without_stop(statement: str, span: Span) -> Span:
    """A span that ends where its content does."""
    end = len(statement[: span.end].rstrip(" ,;.:!?"))
    return Span(span.start, end, span.content)


def _said(names: Sequence[str], values: Sequence[Span]) -> str:
    latex = any("\\" in span.content for span in values)
    shown = [f"\\text{{{name}}}" if latex else name for name in names]
    return ", ".join(f"{name} = {span.content.lstrip('= ')}" for name, span in zip(shown, values, strict=True))


def headed(lines: Sequence[str]) -> str:
    """The last lines as one list, where their headings belong together, `Centre: …` and `Radius: …`; or nothing."""
    last = _heading(lines[-1]) if lines else set()
    kind = next((kind for kind in _BELONG_TOGETHER if last & kind), frozenset[str]())
    backwards = enumerate(reversed(lines))
    count = next((count for count, line in backwards if not kind or not _heading(line) & kind), len(lines))
    return (
        ", ".join(line.strip(" *•-.,;").replace("**", "") for line in lines[len(lines) - count :]) if count > 1 else ""
    )
