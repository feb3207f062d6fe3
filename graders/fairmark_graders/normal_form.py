"""Unicode's normal forms in linear time, for texts of any kind."""

import re
import unicodedata

_STACKED = re.compile(r"((?<![^\w\s\0-\x7f])[^\w\s\0-\x7f]{30})[^\w\s\0-\x7f]+")
"""More marks on a letter than Unicode's stream-safe format allows; putting n of them in order takes n² steps."""


def composed(text: str) -> str:
    """The text in NFC, with 30 marks on a letter at most."""
    return text if text.isascii() else unicodedata.normalize("NFC", _STACKED.sub(r"\1", text))


def compatible(text: str) -> str:
    """The text in NFKC, with 30 marks on a letter at most, and without the ligatures that stand for whole sentences."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _STACKED.sub(r"\1", text.replace("\ufdfa", " ").replace("\ufdfb", " ")))
