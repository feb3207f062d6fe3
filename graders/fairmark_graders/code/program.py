"""The program in a text: its last fenced block, by lines alone, so that no text takes longer than its length.

1. The last block that is fenced as Python (```` ```python ````, `py`, `python3`, also with tildes) and isn't empty.
2. Else the last one that is fenced without a language.
3. Else, where there is no fence, the whole text.

A block that is never closed ends with the text. A fence within a block that stands deeper than the block's own belongs
to the program (an example in a docstring); one with a language that doesn't begins a new block. The lines of a block in
a list lose its indent, and keep what is deeper. Whether it is Python at all is for Python to say.
"""

import re
from typing import NamedTuple

_PYTHON = {"python", "py", "python3", "py3", "python2", "sage"}
_FENCE = re.compile(r"(?P<before>[^`~\n]*)(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[\w+#.-]*)(?P<rest>.*)")


MOST_FENCES = 1_000
"""Lines with a fence in one text: more are no answer, and 25,000 would take 50 ms."""


class NoProgram(ValueError):
    """A text without a program; the message says why."""


class _Block(NamedTuple):
    language: str
    marks: str
    indent: int
    lines: list[str]

    @property
    def source(self) -> str:
        return "\n".join(line[min(self.indent, len(line) - len(line.lstrip(" \t"))) :] for line in self.lines)


def program(text: str) -> str:
    """The program in a text. Raises `NoProgram`."""
    blocks = [block for block in _blocks(text) if any(map(str.strip, block.lines))]
    for languages in (_PYTHON, {""}):
        if found := [block for block in blocks if block.language in languages]:
            return found[-1].source
    if blocks:
        raise NoProgram(f"the text has no block of Python, only of {blocks[-1].language[:20]}")
    if not text.strip() or _FENCE.search(text):
        raise NoProgram("the text has no program")
    return text


def _blocks(text: str) -> list[_Block]:
    if text.count("```") + text.count("~~~") > 4 * MOST_FENCES:
        raise NoProgram(f"the text has more than {MOST_FENCES:,} fences")
    found: list[_Block] = []
    block: _Block | None = None
    for line in text.split("\n"):
        fence = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if fence and (opened := _opened(fence, block)):
            found.append(block := opened)
        elif block and fence and _closes(fence, block):
            if fence["before"].strip():
                block.lines.append(fence["before"])
            block = None
        elif block:
            block.lines.append(line)
    return found


def _opened(fence: re.Match[str], block: _Block | None) -> _Block | None:
    """The block that a line opens: by a fence alone in it, or by one of Python's after some words."""
    before, language = fence["before"], fence["language"].lower()
    words = before.strip(" \t>*-.0123456789)")
    indent = len(before) - len(before.lstrip()) if words else len(before)
    if (block and (indent > block.indent or not language)) or (words and language not in _PYTHON):
        return None
    if language and "`" in fence["rest"]:
        return None  # code within a line
    return _Block(language, fence["marks"], indent, [])


def _closes(fence: re.Match[str], block: _Block) -> bool:
    """Whether a fence ends a block: it has the same marks; behind them at most a tag, before them code."""
    indent = len(fence["before"]) - len(fence["before"].lstrip())
    same = fence["marks"].startswith(block.marks)
    alone = not fence["before"].strip() and indent <= block.indent
    ends = fence["rest"].strip()[:1] in ("", "<")
    return same and not fence["language"] and ends and (alone or bool(fence["before"].strip()))
