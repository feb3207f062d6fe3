"""Which part of a text closes it: its last display, its last lines where they are a list, or its last sentence."""

import re

from .several import headed

ENDS = re.compile(r"""[.!?](?:\*\*|[)"'”])*(?:\s+(?=[^\sa-z\d+*/=^·×−-])|\s*\Z)|[。！？]""")
_NEXT = re.compile(r"""(?:[.!?](?:\*\*|[)"'”])*\s+(?=[^\sa-z\d(])|[。！？](?!\Z))""")
_ABBREVIATED = re.compile(r"\b(?:i\.e|e\.g|cf|approx|vs|a\.m|p\.m|sq|cu|Fig|Eq|No)\.\s+\Z")
_ENVIRONMENT = re.compile(r"\\end\{([a-z]+\*?)\}\s*(?:\\right\s*.{1,2})?\Z")
_ITEM = re.compile(r"\s*(?:[-*•]\s+|\(?\d{1,2}[.)]\s+)?")
_VALUE = re.compile(r"(?:[A-Za-z](?:_?\d)?\s*=\s*)?[-−+]?\$?\d[\d.,/]*%?")
_CHECK = re.compile(
    r"(?<=[^\s:])\s+\(?(?:Check(?:ing)?\b|Verif(?:ication|ying)\b|To (?:check|verify)\b|We can (?:check|verify)\b)"
    r"(?:(?!\b(?:so|hence|therefore|thus|wrong|fails?|not|but|instead|actually|answer)\b|≠)[^\n]){0,200}\Z"
)
"""A check at the end, which says the answer no more."""
_LONGEST_CHECK = 220
_NO_MORE = 12
"""Lines of a list."""


def closing(text: str) -> str:
    """What the end of a text says: one statement, with its emphasis."""
    text = text.rstrip(" \t\n✓✔∎■□")
    check = _CHECK.search(text, max(0, len(text) - _LONGEST_CHECK))
    text = text[: check.start()] if check else text
    text = text[:-1] if text.endswith(("$.", "].", "}.")) else text
    if (start := _display(text)) is not None:
        return text[start:]
    lines = text.rsplit("\n", _NO_MORE)
    values = [_value(line) for line in reversed(lines[-_NO_MORE:])]
    count = values.index(None) if None in values else len(values)
    if count > 1:
        return ", ".join(filter(None, reversed(values[:count])))
    if several := headed([line for line in lines if line.strip()]):
        return several
    return last_sentence(lines[-1])


def _display(text: str) -> int | None:
    """Where a formula or an environment begins that takes the last lines."""
    for closes, opens in (("$$", "$$"), (r"\]", r"\[")):
        if text.endswith(closes) and (start := text.rfind(opens, 0, -2)) >= 0:
            return start
    if environment := _ENVIRONMENT.search(text[-100:]):
        start = text.rfind(f"\\begin{{{environment[1]}}}")
        return text.rfind("\n", 0, start) + 1 if start >= 0 else None
    return None


def _value(line: str) -> str | None:
    """A line that is one value, named or not, and so may be one of a list; an empty line is ""."""
    line = line[_ITEM.match(line).end() :].strip(" $*.,;")  # type: ignore[union-attr]
    return line if not line or _VALUE.fullmatch(line) else None


def last_sentence(line: str) -> str:
    start = 0
    for end in _NEXT.finditer(line):
        if not _ABBREVIATED.search(line, max(start, end.end() - 10), end.end()):
            start = end.end()
    return line[start:].strip()
