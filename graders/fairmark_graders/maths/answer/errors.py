"""What the search for a final answer says when it finds none, and its bounds."""

from ...errors import FairmarkError

LONGEST = 5_000
"""Characters of an answer, and of the tail in which a marker or a last sentence is looked for."""

SHORT = 200
"""Characters of a text that may be an answer as a whole."""


class NoAnswer(FairmarkError):
    """The text holds no answer, or doesn't say which; the message says what was looked for."""


class TooLong(FairmarkError):
    """The answer is longer than `LONGEST`."""

    def __init__(self) -> None:
        super().__init__(f"the answer is over {LONGEST:,} characters long")
