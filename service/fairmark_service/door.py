"""Who comes in. With keys, whoever has one; without, whatever runs on this machine and isn't a web page.

A browser reaches loopback for any page it shows. It sends the page's own name as Host, and can't post JSON to another
origin without asking first; checking both keeps pages out.
"""

from collections.abc import Mapping

from .auth import Keys, loopback_host
from .errors import Refusal

ANYONE = "-"
"""The caller's label where no keys are set."""


class Door:
    """Lets a request in or refuses it."""

    def __init__(self, keys: Keys, loopback: bool) -> None:
        self._keys, self._loopback = keys, loopback

    def admit(self, headers: Mapping[bytes, bytes], posts: bool) -> str:
        """The name of the caller's key. Raises `Refusal`: 401, 403 or 415."""
        if self._keys:
            name = self._keys.name_of(headers.get(b"authorization"), headers.get(b"api-key"))
            if name is None:
                raise Refusal(401, "expected a key: Authorization: Bearer …", code="invalid_api_key")
            return name
        if self._loopback and not loopback_host(headers.get(b"host", b"")):
            raise Refusal(403, "expected a Host that names this machine, such as localhost", code="host_refused")
        if posts and not headers.get(b"content-type", b"").lower().startswith(b"application/json"):
            raise Refusal(415, "expected Content-Type: application/json", code="content_type_refused")
        return ANYONE
