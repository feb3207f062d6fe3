"""Words around an answer that is marked, which say that it isn't the answer."""

import re

_BEFORE = re.compile(
    r"""(?: \b(?:not|never)\s+(?:(?:equal\s+to|simply|just|the\s+[a-z]+)\s+)?
          | (?:n['’]t|\bcannot)\s+(?:be\s+|equal\s+(?:to\s+)?)?
          | (?:\bnot|\bnever|\bcannot|n['’]t)\s+(?:be\s+|the\s+case\s+|true\s+|correct\s+|right\s+)that\b[^.,;:!?\n]*
          | (?:\bnot|\bnever|n['’]t)\s+(?:think|believe|say|claim|mean)\b[^.,;:!?\n]*
          | \b(?:false|wrong|incorrect|doubt|doubtful|unlikely|impossible)\s+(?:that|whether|if)\b[^.,;:!?\n]*
          | \b(?:false|wrong|incorrect)(?:\s+(?:answer|result|value))?:\s*
        )[\s$(*]*\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[\s$)*]*\s(?:(?:is|was|would\s+be)\s+(?:wrong|incorrect|false|impossible|mistaken|n[o']t\s+(?:the|our)\s+answer"
    r"|not\s+(?:the\s+)?(?:correct|right|true|final|valid|possible))|(?:isn['’]t|can['’]?t\s+be|cannot\s+be)\s+"
    r"(?:the\s+)?(?:answer|correct|right|true))\b",
    re.IGNORECASE,
)
_DENIALS = ("not ", "n't", "n’t", "never", "doubt", "false", "wrong", "incorrect", "unlikely", "impossible")
"""One of them is in every denial; most texts have none, and are spared the search."""
_NEAR = 100
"""Characters before an answer in which it is denied."""


def denied_before(text: str, start: int) -> bool:
    """Whether what is said up to a place denies what follows: "it is not true that the answer is"."""
    near = text[max(0, start - _NEAR) : start].lower()
    return any(word in near for word in _DENIALS) and _BEFORE.search(near) is not None


def denied_behind(text: str, end: int) -> bool:
    """Whether what follows a place denies what stands before: "… is wrong"."""
    return _BEHIND.match(text, end) is not None
