"""Where the providers are; each is imported when a job needs it, since each needs the libraries of an extra."""

from importlib import import_module
from typing import NamedTuple

from ..errors import JobError, JobRefused
from .provider import Provider


class Place(NamedTuple):
    """A provider's module and class, and the extra that brings what it imports."""

    module: str
    name: str
    extra: str


PROVIDERS = {
    "trl": Place("fairmark_client.jobs.trl", "Trl", "trl"),
    "openai": Place("fairmark_client.jobs.openai", "OpenAI", "openai"),
    "azure": Place("fairmark_client.jobs.openai", "Azure", "openai"),
}
"""By the name in a job's spec. A new provider is one line here."""


def provider(name: str) -> Provider:
    """The provider of that name. Raises `JobRefused` when there is none, `JobError` when its extra isn't installed."""
    if name not in PROVIDERS:
        raise JobRefused(f"provider: expected one of {', '.join(PROVIDERS)}, got {name!r}")
    place = PROVIDERS[name]
    try:
        made: Provider = getattr(import_module(place.module), place.name)()
    except ModuleNotFoundError as error:
        raise JobError(f"{name} jobs need {error.name}: pip install 'fairmark[{place.extra}]'") from None
    return made
