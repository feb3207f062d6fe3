"""A file that says where the service answers and with which key: on a job's nodes neither is known beforehand."""

import secrets
from pathlib import Path

from pydantic import SecretStr

from .settings import Settings


def keyed(settings: Settings) -> Settings:
    """The settings with a key made for the file, where it is asked for and no key is set."""
    if settings.url_file is None or settings.guarded:
        return settings
    return settings.model_copy(update={"key": SecretStr(secrets.token_urlsafe(32))})


def write(path: Path, url: str, key: str | None) -> None:
    """Write the address and the key where nobody reads half of them, and only the owner reads any. Raises `OSError`."""
    raise NotImplementedError
