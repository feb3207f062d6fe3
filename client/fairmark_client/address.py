"""Where a service is and the key it wants, checked before anything is sent to it."""

import re
from typing import NamedTuple

import httpx

from .errors import ServiceError

# Other hosts fail only on the way out, with errors that no retry ends.
_HOST = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?|[\da-f]*:[\da-f:.]+")


class Address(NamedTuple):
    """Where a service listens, and the key it wants."""

    url: str
    key: str | None

    def __repr__(self) -> str:
        return f"Address({self.url!r})"

    @property
    def local(self) -> bool:
        """Whether it is on this machine, to which a proxy from the environment rarely knows the way."""
        host = httpx.URL(self.url).host
        return host in ("localhost", "::1") or host.startswith("127.")


def checked(url: str, key: str | None, url_from: str = "url", key_from: str = "key") -> Address:
    """The address of a service; `url_from` and `key_from` are the settings that gave it. Raises `ServiceError`.

    A key, and a URL that may hold one, are in no message.
    """
    if "@" in url:
        raise ServiceError(f"{url_from}: holds a user or a password; expected the key in FAIRMARK_KEY, never logged")
    if (path := _path(url)) is None:
        raise ServiceError(f"{url_from}: expected http://host:port, https://host or file:FILE, got {url!r}")
    if re.search(r"/v1(/|$)", path):
        raise ServiceError(f"{url_from}: expected the service's root, without /v1, got {url!r}")
    if key and not (key.isascii() and key.isprintable() and key == key.strip()):
        raise ServiceError(f"{key_from}: expected printable ASCII characters, without spaces at the ends")
    return Address(url.rstrip("/"), key)


def _path(url: str) -> str | None:
    """The path of a URL that requests can go to."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    usable = parsed.scheme in ("http", "https") and _HOST.fullmatch(parsed.host) and (parsed.port or 80) < 65536
    return parsed.path if usable and not (parsed.query or parsed.fragment) else None
