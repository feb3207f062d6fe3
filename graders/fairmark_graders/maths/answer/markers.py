"""What follows the words that mark an answer: `####`, "the answer is", "Answer:", `<answer>`."""

import re
from collections.abc import Iterator

from .closing import ENDS
from .denials import denied_before
from .errors import LONGEST, SHORT, NoAnswer
from .prose import qualified, stated, with_unit
from .spans import CLOSES, formulas, groups, says_something, tidy

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
_SHORTEST = len("answer: 5")
_MOST = 50
"""Times that a word is looked at from the end: a hostile text has nothing else, at 20 µs each."""
_PADDING = re.compile(r"(?:[ \t*_:=#`]|\n[\s>]*)*")
"""What stands between a marker and its answer; a `>` only at the beginning of a line, where it quotes."""
_TAKES_BACK = re.compile(
    r"[\W_]*(?:wait|actually|no(?=,|\s+wait|\s+it)|sorry|correction|hmm+|oops|scratch that)\b", re.IGNORECASE
)
_OFFERS = re.compile(r"[.?!*]*\s+(?:or|alternatively)\b[,\s]*|\n(?!\s)", re.IGNORECASE)
_TAKEN = 100
"""Characters in which an answer that is taken back is replaced."""
_VALUE = re.compile(r"(?:[A-Za-z](?:_?\d)?\s*=\s*)?[-−+]?\$?\d[\d.,/]*%?\$?[.\s*]*")
"""A number that is all of a sentence or a line."""
_FORMULA = re.compile(r"[\s*:#$(\[{+−-]*(?:\\?[$€£(\[])*\s*(?:\d|\.\d|\\[a-zA-Z]|[A-Za-z]\s*=|[√π])")
_LETTERED = re.compile(r"\([A-J]\)\s*")
"""The letter of a choice in front of its formula."""
_BECAUSE = re.compile(
    r"(?<![,;(\s])[,;(\s]+(?:because|since|as|where|which|when|so|if we|given|obtained|after)\b(?!\s*\\).*", re.DOTALL
)


def between_tags(text: str) -> str:
    """What stands in the last `<answer>`, or the text itself."""
    start = text.rfind("<answer>", max(0, len(text) - LONGEST))
    if start < 0:
        return text
    end = text.find("</answer>", start)
    return text[start + len("<answer>") : end if end >= 0 else None]


def after_marker(text: str, marker: str | None) -> str | None:
    """What follows the last marker; None where there is none."""
    if marker is not None:
        _, found, after = text[-LONGEST:].rpartition(marker)
        return after if found else None
    for tail in (text[-SHORT:], text[-LONGEST:]):
        hashes = tail.rfind("####")
        if hashes >= 0 and "\n" not in tail[hashes:].strip():
            return tail[hashes:].lstrip("#")
        lower = tail.lower()
        words = _MARKERS if len(lower) == len(tail) else ()
        if ends := [end for word in words for end in _says(tail, lower, word)]:
            return tail[max(ends) :]
    return None


def _says(text: str, lower: str, word: str) -> Iterator[int]:
    """Where the last marker made of `word` ends."""
    start = len(lower)
    for _ in range(_MOST):
        if (start := lower.rfind(word, 0, start)) < 0:
            return
        end = start + len(word)
        if said := _SAYS.match(text, end):
            if denied_before(text, start):
                raise NoAnswer("the text says what its answer is not")
            yield said.end()
            return
        if (alone := _ALONE.match(text, end)) and _HEADING.search(text, max(0, start - 40), start):
            yield alone.end()
            return


def marked(text: str) -> str:
    """The answer at the beginning of what follows a marker."""
    sentence, rest = _first_sentence(text)
    if not sentence:
        raise NoAnswer("nothing follows the marker")
    if _TAKES_BACK.match(rest) and any(map(str.isdigit, rest[:_TAKEN])):
        raise NoAnswer("what follows the marker is taken back")
    if other := _other(rest):
        sentence = f"{sentence} or {other}"
    sentence = _BECAUSE.sub("", sentence) or sentence
    found = groups(sentence, formulas(sentence))
    telling = [group for group in found if len(group) > 1 or not group[0].content.strip().isalpha()] or found
    if len(telling) == 1:
        formula = telling[0][0]._replace(end=telling[0][-1].end)
        if _LETTERED.fullmatch(sentence, 0, formula.start) or qualified(sentence, formula):
            return sentence
        return with_unit(sentence, telling[0])
    if found or says_something(tidy(sentence)):
        return sentence
    return stated(sentence)


def stated_behind(text: str) -> str:
    """The answer that is marked behind a box, which it takes back or says again; empty where that is no formula."""
    after = after_marker(text, None) if len(text) > _SHORTEST else None
    if after is None or not _FORMULA.match(after):
        return ""
    try:
        return marked(after)
    except NoAnswer:
        return ""


def _other(rest: str) -> str:
    """The value that the next sentence offers instead, or that the next line adds; or an empty text."""
    offered = _OFFERS.match(rest)
    found = _VALUE.match(rest, offered.end()) if offered else None
    return found[0].strip(" .*\n") if found and rest[found.end() :][:1] in ("", "\n") else ""


def _first_sentence(text: str) -> tuple[str, str]:
    """What stands up to the end of the sentence, of its line or its display, and what follows."""
    text = text[_PADDING.match(text).end() :]  # type: ignore[union-attr]
    for opening in ("$$", r"\["):
        if text.startswith(opening) and (close := text.find(CLOSES[opening], 2)) >= 0:
            return text[: close + 2], text[close + 2 :]
    end = ENDS.search(text, 0, _end_of_line(text))
    at = end.start() + _is_factorial(text, end.start()) if end else _end_of_line(text)
    return text[:at].strip(" *_`"), text[at:]


def _is_factorial(text: str, at: int) -> bool:
    """Whether a `!` at the end belongs to the formula, as a bracket or another factorial before it tells."""
    return text[at] == "!" and (text[at - 1 : at] == ")" or "!" in text[:at])


def _end_of_line(text: str) -> int:
    return end if (end := text.find("\n")) >= 0 else len(text)
