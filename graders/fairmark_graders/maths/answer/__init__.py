r"""The final answer of a text, however long its reasoning: what a box holds, what follows a marker, the last sentence.

Everything is looked for from the end, by `str.rfind` or in a tail of bounded length, so that 30 kB of reasoning cost
what one line does.

What is ambiguous stays so: boxes side by side are one list with its "and" or "or" kept, and a last sentence that names
several numbers without marking one has no answer. A model can't have a candidate picked for it.
"""

from typing import Literal

from .boxes import last_box
from .closing import closing
from .denials import denied_before, denied_behind
from .errors import LONGEST, NoAnswer, TooLong
from .markers import after_marker, between_tags, marked, stated_behind
from .prose import stated
from .spans import NUMBER, Span, tidy

__all__ = ["LONGEST", "NoAnswer", "Place", "TooLong", "final_answer", "reference_answer"]

Place = Literal["auto", "box", "marker", "number", "whole"]


def final_answer(text: str, place: Place = "auto", marker: str | None = None) -> str:
    """The final answer of what a model wrote, in one line and without the marks around it.

    Raises `NoAnswer` or `TooLong`.
    """
    answer = tidy(_FIND[place](text, marker))
    if not answer:
        raise NoAnswer("the answer is empty")
    if len(answer) > LONGEST:
        raise TooLong
    return answer


def reference_answer(text: str) -> str:
    """The answer of a reference: its box, what follows GSM8K's `####`, or all of it. Raises `NoAnswer` or `TooLong`."""
    boxed = last_box(text)
    answer = tidy(text.rpartition("####")[2] if boxed is None else boxed.content)
    if not answer:
        raise NoAnswer("the reference is empty")
    if len(answer) > LONGEST:
        raise TooLong
    return answer


def _auto(text: str, marker: str | None) -> str:
    text = between_tags(text)
    if (boxed := last_box(text)) is not None:
        return stated_behind(text[boxed.end :]) or _said(text, boxed)
    text = text.strip()
    if not text:
        raise NoAnswer("the text is empty")
    if (after := after_marker(text, marker)) is not None:
        return marked(after)
    return stated(closing(text[-LONGEST:]))


def _said(text: str, boxed: Span) -> str:
    """What a box holds, unless the words around deny it."""
    if denied_before(text, boxed.start) or denied_behind(text, boxed.end):
        raise NoAnswer(f"the text says that its answer is not {boxed.content[:100]}")
    return boxed.content


def _in_box(text: str, marker: str | None) -> str:
    boxed = last_box(text)
    if boxed is None:
        raise NoAnswer("the text has no \\boxed{…}")
    return _said(text, boxed)


def _marker(text: str, marker: str | None) -> str:
    inside = between_tags(text)
    if inside is not text:
        return _auto(inside, marker)
    after = after_marker(text, marker)
    if after is None:
        raise NoAnswer(f"the text has no {marker!r}" if marker else "the text doesn't mark its answer")
    boxed = last_box(after)
    return marked(after) if boxed is None else boxed.content


def _number(text: str, marker: str | None) -> str:
    numbers = list(NUMBER.finditer(text[-LONGEST:]))
    if not numbers:
        raise NoAnswer("the text has no number")
    return numbers[-1][0]


def _whole(text: str, marker: str | None) -> str:
    return text


_FIND = {"auto": _auto, "box": _in_box, "marker": _marker, "number": _number, "whole": _whole}
