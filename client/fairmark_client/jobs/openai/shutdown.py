"""Until when training lasts at OpenAI and Azure.

State of 2026-11-22: OpenAI's page "Deprecations" (developers.openai.com/api/docs/deprecations), and "Model retirement
schedule" on Microsoft Learn, updated 2026-09-02. A date is a reason to warn; whether a job is taken, the service says.
"""

from collections.abc import Iterator
from datetime import date

O4_MINI_ENDS = date(2026, 10, 23)
OPENAI_ENDS = date(2027, 1, 6)
AZURE_O4_MINI_RETIRES = date(2026, 10, 16)
AZURE_O4_MINI_ENDS = date(2027, 4, 16)
"""The earliest day, and for customers who had fine-tuned it before it was retired."""


def openai(model: str, today: date) -> Iterator[str]:
    """What to know before a job is sent to OpenAI."""
    if model.startswith("o4-mini") and today >= O4_MINI_ENDS:
        yield f"{model} was shut down on {O4_MINI_ENDS}; it was the only model with RFT open to the public"
    if today >= OPENAI_ENDS:
        yield f"OpenAI takes no fine-tuning jobs from anybody since {OPENAI_ENDS}"
    else:
        yield f"OpenAI takes no new fine-tuning jobs from {OPENAI_ENDS} on; days left: {(OPENAI_ENDS - today).days}"


def azure(model: str, today: date) -> Iterator[str]:
    """What to know before a job is sent to Azure."""
    if not model.startswith("o4-mini"):
        return
    if today >= AZURE_O4_MINI_ENDS:
        yield f"training of {model} was to end on {AZURE_O4_MINI_ENDS} at the earliest"
    elif today >= AZURE_O4_MINI_RETIRES:
        yield (
            f"only customers who had fine-tuned {model} before {AZURE_O4_MINI_RETIRES} can train it, "
            f"until {AZURE_O4_MINI_ENDS} at the earliest"
        )
