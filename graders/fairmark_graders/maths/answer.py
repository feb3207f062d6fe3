r"""The final answer of a text, however long its reasoning: what a box holds, what follows a marker, the last sentence.

Everything is looked for from the end, by `str.rfind` or in a tail of bounded length, so that 30 kB of reasoning cost
what one line does.

What is ambiguous stays so: boxes side by side are one list with its "and" or "or" kept, and a last sentence that names
several numbers without marking one has no answer. A model can't have a candidate picked for it.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..errors import FairmarkError
from .errors import TooComplex, Unreadable
from .reader import read
from .tree import Words

Place = Literal["auto", "box", "marker", "number", "whole"]

LONGEST = 5_000
"""Characters of an answer, and of the tail in which a marker or a last sentence is looked for."""

SHORT = 200
"""Characters of a text that may be an answer as a whole."""

_AFTER_BOX = 20_000
"""Characters that may follow a box: what is said long after it takes it back."""

_BESIDE = 1_000
"""Characters between the beginnings of two boxes that may stand side by side."""

_BOX = re.compile(r"\\?(?:boxed|fbox)\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_TOKEN = re.compile(r"(?:[^\s${}\\]|\\[a-zA-Z]+|\\.)+")
_JOINER = re.compile(
    r"""(?: \s | [-.,;$&*/()\[\]] | \d+[.)] | \\[()\[\],;:!\ ] | \\q?quad
        | \\(?:text|mathrm|textbf)\s*\{[\s,]*(?:and|or)\s*\}
        | \b(?:and|or|also|maybe|perhaps|possibly|alternatively)\b | \\(?:land|lor|vee|wedge)\b
        )*+
        (?:(?P<name>[A-Za-z](?:_\w)?)\s*=\s*)? \$?\s*""",
    re.VERBOSE,
)
_OR = re.compile(r"or\b|vee")
_NAME = re.compile(r"(?<![A-Za-z0-9\\])([A-Za-z](?:_\w)?)\s*=\s*\$?\s*\Z")
_DELIMITER = re.compile(r"\\\$|\$\$?|\\[()\[\]]")
_CLOSES = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_PROSE = re.compile(r"(?<![\\A-Za-z{])[a-z]{3,}")

_MARKERS = ("answer", "ответ", "答案", "réponse", "respuesta", "antwort")
_HEADING = re.compile(r"(?:\A|\n)[\s*_#>\d.)]*(?:(?:the|my|our)\s+)?(?:(?:final|correct)\s+)?\Z", re.IGNORECASE)
_ALONE = re.compile(r"s?[\s*_#}]*\n")
_SAYS = re.compile(
    r"""s?[*_]*(?:\s+(?:to|for|of)\s[^.:\n=]{1,120}?)?[\s*_})]*
        (?: (?:is|are|was|be|must\ be|should\ be|would\ be|will\ be|equals|comes\ out\ to|est|es|ist|lautet)\b
            (?:\s+(?:thus|therefore|then|simply|just|given\ by|equal\ to|exactly)\b)* \s*:?
          | [:：=] | 是 | 为 | 為 )""",
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = re.compile(r"""[.!?](?:\*\*|[)"'”])*(?:\s+(?=[^\sa-z\d])|\s*\Z)|[。！？]""")
_BECAUSE = re.compile(
    r"[,;(\s]+(?:because|since|as|where|which|when|so|if we|given|obtained|after)\b(?!\s*\\).*", re.DOTALL
)
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|finally|consequently|and)\b,?\s*)*"
    r"(?:(?:we (?:get|have|find|obtain)|it (?:is|follows that)|there (?:is|are)|this (?:is|gives|means))\b:?\s*)*",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\s?(?:\\?%|°|[a-zA-Zµ²³/^]+(?:\s(?:square|cubic|per)?\s?[a-zA-Z]+)?)(?=[\s.]*\Z)")
_DENIED = re.compile(r"\b(?:not|never|neither|cannot)\b|n['’]t\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"""(?<![\w.)\]}^_]) (?:[-−–+]\s?)? \\?[$€£]?
        (?: \\[dt]?frac\s*\{\s*-?[\d.]+\s*\}\s*\{\s*[\d.]+\s*\}
          | (?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s?/\s?\d+(?:\.\d+)?|[eE][-+]?\d+)? | \.\d+ )
        (?:\s*(?:\\times|×|\*)\s*10\s*(?:\^|\*\*)\s*\{?[-−+]?\d+\}?)? (?:\s?\\?%)?""",
    re.VERBOSE,
)


class NoAnswer(FairmarkError):
    """The text holds no answer, or doesn't say which; the message says what was looked for."""


class TooLong(FairmarkError):
    """The answer is longer than `LONGEST`."""

    def __init__(self) -> None:
        super().__init__(f"the answer is over {LONGEST:,} characters long")


class _Span(NamedTuple):
    """A box or a formula: where it begins and ends in its text, delimiters included, and what it holds."""

    start: int
    end: int
    content: str


def final_answer(text: str, place: Place = "auto", marker: str | None = None) -> str:
    """The final answer of what a model wrote, in one line and without the marks around it.

    Raises `NoAnswer` or `TooLong`.
    """
    answer = _tidy(_FIND[place](text, marker))
    if not answer:
        raise NoAnswer("the answer is empty")
    if len(answer) > LONGEST:
        raise TooLong
    return answer


def reference_answer(text: str) -> str:
    """The answer of a reference: its box, what follows GSM8K's `####`, or all of it. Raises `NoAnswer` or `TooLong`."""
    boxed = _box(text)
    answer = _tidy(text.rpartition("####")[2] if boxed is None else boxed)
    if not answer:
        raise NoAnswer("the reference is empty")
    if len(answer) > LONGEST:
        raise TooLong
    return answer


def _auto(text: str, marker: str | None) -> str:
    text = _between_tags(text)
    if (boxed := _box(text)) is not None:
        return boxed
    text = text.strip()
    if not text:
        raise NoAnswer("the text is empty")
    if (after := _after(text, marker)) is not None:
        return _marked(after)
    if len(text) <= SHORT and _says_something(whole := _tidy(text)):
        return whole
    return _unmarked(_last_sentence(text[-LONGEST:]))


def _in_box(text: str, marker: str | None) -> str:
    boxed = _box(text)
    if boxed is None:
        raise NoAnswer("the text has no \\boxed{…}")
    return boxed


def _marker(text: str, marker: str | None) -> str:
    inside = _between_tags(text)
    if inside is not text:
        return _auto(inside, marker)
    after = _after(text, marker)
    if after is None:
        raise NoAnswer(f"the text has no {marker!r}" if marker else "the text doesn't mark its answer")
    boxed = _box(after)
    return _marked(after) if boxed is None else boxed


def _number(text: str, marker: str | None) -> str:
    numbers = list(_NUMBER.finditer(text[-LONGEST:]))
    if not numbers:
        raise NoAnswer("the text has no number")
    return numbers[-1][0]


def _whole(text: str, marker: str | None) -> str:
    return text


_FIND = {"auto": _auto, "box": _in_box, "marker": _marker, "number": _number, "whole": _whole}


# Boxes


def _box(text: str) -> str | None:
    """What the last box holds, with those that stand beside it; None where there is no box."""
    start = _box_start(text, max(0, len(text) - _AFTER_BOX), len(text))
    if start < 0:
        return None
    last = _box_at(text, start)
    spans = [last]
    while (start := _box_start(text, max(0, spans[0].start - _BESIDE), spans[0].start)) >= 0:
        try:
            before = _box_at(text, start)
        except (NoAnswer, TooLong):
            break
        if _joint(text, before, spans[0]) is None:
            break
        spans.insert(0, before)
    return _joined(text, spans)


def _box_start(text: str, low: int, high: int) -> int:
    """Where the last box of a stretch begins, or -1."""
    start = text.rfind("\\boxed", low, high)
    start = max(start, text.rfind("\\fbox", max(start, low), high))
    if start < 0:
        start = text.rfind("boxed{", low, high)  # its backslash lost, or eaten with the b by JSON
    return start


def _box_at(text: str, start: int) -> _Span:
    command = _BOX.match(text, start)
    assert command
    at = command.end()
    if text[at : at + 1] != "{":
        token = _TOKEN.match(text, at)
        if not token:
            raise NoAnswer("the box is unfinished")
        return _Span(start, token.end(), token[0])
    end = _closing(text, at)
    return _Span(start, end, text[at + 1 : end - 1])


def _closing(text: str, start: int) -> int:
    """Where the braces that open at `start` have closed. Raises `NoAnswer` or `TooLong`."""
    end = text.find("}", start)
    if end > 0 and text[end - 1] != "\\" and text.find("{", start + 1, end) < 0:
        return end + 1
    depth = 0
    for brace in _BRACE.finditer(text, start, start + LONGEST + 2):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.end()
    if len(text) - start > LONGEST:
        raise TooLong
    raise NoAnswer("the box is never closed")


# Things side by side


def _joint(text: str, left: _Span, right: _Span) -> re.Match[str] | None:
    """What stands between two boxes or formulas, where that joins them into one list: marks, "and", "or", no more."""
    return _JOINER.fullmatch(text, left.end, right.start)


def _joined(text: str, spans: list[_Span]) -> str:
    """One list of what stands side by side; what is said twice counts once."""
    if len(spans) == 1:
        return spans[0].content
    said = spans[0].content
    joints = [_joint(text, left, right) for left, right in zip(spans, spans[1:], strict=False)]
    if any(joint and joint["name"] for joint in joints) and (name := _NAME.search(text, 0, spans[0].start)):
        said = f"{name[1]} = {said}"
    seen = {_unnamed(said)}
    for span, joint in zip(spans[1:], joints, strict=True):
        assert joint
        if joint["name"] or _unnamed(span.content) not in seen:
            named = f"{joint['name']} = " if joint["name"] else ""
            said += f"{' or ' if _OR.search(joint[0]) else ', '}{named}{span.content}"
            seen.add(_unnamed(span.content))
    return said


def _unnamed(content: str) -> str:
    return content.rpartition("=")[2].strip()


def _formulas(text: str) -> list[_Span]:
    """The formulas of a sentence, between `$`, `$$`, `\\(` or `\\[`; a `$` before an amount opens none."""
    spans: list[_Span] = []
    opening: re.Match[str] | None = None
    for mark in _DELIMITER.finditer(text):
        if opening is None or mark[0] != _CLOSES[opening[0]]:
            if mark[0] in _CLOSES and (opening is None or mark[0] != "$"):
                opening = mark
            continue
        content = text[opening.end() : mark.start()]
        if mark[0] == "$" and (text[mark.end() : mark.end() + 1].isdigit() or _PROSE.search(content)):
            opening = mark  # "$5 and $6" are amounts
            continue
        spans.append(_Span(opening.start(), mark.end(), content))
        opening = None
    return spans


def _groups(text: str, formulas: list[_Span]) -> list[list[_Span]]:
    """Formulas that stand side by side, together."""
    groups: list[list[_Span]] = []
    for formula in formulas:
        if groups and _joint(text, groups[-1][-1], formula):
            groups[-1].append(formula)
        else:
            groups.append([formula])
    return groups


# Markers and sentences


def _between_tags(text: str) -> str:
    """What stands in the last `<answer>`, or the text itself."""
    start = text.rfind("<answer>", max(0, len(text) - LONGEST))
    if start < 0:
        return text
    end = text.find("</answer>", start)
    return text[start + len("<answer>") : end if end >= 0 else None]


def _after(text: str, marker: str | None) -> str | None:
    """What follows the last marker; None where there is none."""
    tail = text[-LONGEST:]
    if marker is not None:
        _, found, after = tail.rpartition(marker)
        return after if found else None
    hashes = tail.rfind("####")
    if hashes >= 0 and "\n" not in tail[hashes:].strip():
        return tail[hashes:].lstrip("#")
    ends = [end for word in _MARKERS for end in _says(tail, word)]
    return tail[max(ends) :] if ends else None


def _says(text: str, word: str) -> Iterator[int]:
    """Where the last marker made of `word` ends."""
    lower = text.lower()
    if len(lower) != len(text):
        return
    start = len(lower)
    while (start := lower.rfind(word, 0, start)) >= 0:
        end = start + len(word)
        if said := _SAYS.match(text, end):
            yield said.end()
            return
        if (alone := _ALONE.match(text, end)) and _HEADING.search(text, max(0, start - 40), start):
            yield alone.end()
            return


def _marked(text: str) -> str:
    """The answer at the beginning of what follows a marker."""
    sentence = _first_sentence(text)
    if not sentence:
        raise NoAnswer("nothing follows the marker")
    sentence = _BECAUSE.sub("", sentence) or sentence
    groups = _groups(sentence, _formulas(sentence))
    telling = [group for group in groups if len(group) > 1 or not group[0].content.strip().isalpha()] or groups
    if len(telling) == 1:
        return _with_unit(sentence, telling[0])
    if groups or _says_something(_tidy(sentence)):
        return sentence
    return _only_number(sentence) or sentence


def _unmarked(sentence: str) -> str:
    """The answer of a last sentence that marks none."""
    groups = _groups(sentence, _formulas(sentence))
    if groups:
        _agree([span.content for group in groups for span in group])
        return _with_unit(sentence, groups[-1])
    said = _LEAD.sub("", sentence, count=1)
    return _only_number(said.rpartition("=")[2]) or _only_number(said) or said


def _only_number(sentence: str) -> str:
    """The one number of a sentence with its unit, empty where there is none. Raises `NoAnswer` when there are several.

    Units that nobody knows (`5 apples`) are left out.
    """
    numbers = list(_NUMBER.finditer(sentence))
    if not numbers:
        return ""
    _agree([number[0] for number in numbers])
    if _DENIED.search(sentence):
        raise NoAnswer(f"the last sentence says what the answer is not: {sentence[:100]}")
    unit = _UNIT.match(sentence, numbers[-1].end())
    measured = _tidy(numbers[-1][0] + unit[0]) if unit else ""
    return measured if measured and _says_something(measured) else numbers[-1][0]


def _agree(said: list[str]) -> None:
    """Refuse to choose between different numbers."""
    different = list(dict.fromkeys(text.strip(" $").replace(",", "") for text in said))
    if len(different) > 1 and all(_NUMBER.fullmatch(text) for text in different):
        named = ", ".join(different[:5])
        raise NoAnswer(f"the last sentence names {named} and doesn't say which is the answer")


def _with_unit(sentence: str, group: list[_Span]) -> str:
    """A formula, or several side by side, with the unit that stands behind."""
    unit = _UNIT.match(sentence, group[-1].end)
    said = _joined(sentence, group)
    return said + unit[0] if unit and _says_something(_tidy(said + unit[0])) else said


def _first_sentence(text: str) -> str:
    text = text.lstrip(" \t\n*_:=#>`")
    for opening in ("$$", r"\["):
        if text.startswith(opening) and (close := text.find(_CLOSES[opening], 2)) >= 0:
            return text[: close + 2]
    line = text.split("\n", 1)[0]
    end = _ENDS.search(line)
    return (line[: end.start()] if end else line).strip(" *_`")


def _last_sentence(text: str) -> str:
    text = text.rstrip(" \t\n*_`.")
    for closing, opening in (("$$", "$$"), (r"\]", r"\[")):
        if text.endswith(closing) and (start := text.rfind(opening, 0, -2)) >= 0:
            return text[start:]
    line = text.rpartition("\n")[2]
    starts = [0, *(end.end() for end in _ENDS.finditer(line, 0, len(line) - 1))]
    return line[starts[-1] :].strip(" *_`")


def _says_something(text: str) -> bool:
    """Whether a text is mathematics as a whole, or words that name no number; a long one may well be."""
    if len(text) > 2 * SHORT:
        return True
    try:
        return not isinstance(read(text), Words) or not any(map(str.isdigit, text))
    except Unreadable:
        return False
    except TooComplex:
        return True


# Marks around an answer


def _tidy(text: str) -> str:
    """In one line, without the delimiters of formulas, emphasis, and a full stop at the end."""
    text = " ".join(text.split())
    if "$" in text or "\\(" in text or "\\[" in text:
        text = _undelimited(text)
    text = text.strip(" *`_" if text[:1] in "*`_" else " ")
    if text[-1:] in ".,;。" and text[-2:] != "..":
        text = text[:-1].rstrip(" *`" if "*" in text or "`" in text else " ")
    return text


def _undelimited(text: str) -> str:
    parts, end = [], 0
    for formula in _formulas(text):
        parts += [text[end : formula.start], formula.content]
        end = formula.end
    return " ".join("".join([*parts, text[end:]]).split())
