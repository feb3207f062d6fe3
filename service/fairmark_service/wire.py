"""JSON as it is: integers exact at any size, and a value JSON doesn't have faults its sample and not its batch.

msgspec decodes straight into a protocol's request model and keeps integers exact (orjson turns those beyond 64 bits
into floats, silently). It refuses NaN, lone surrogates and numbers beyond a double; a body with one of those is read
again by the standard library, which takes them, and `unjson` then says which sample holds what.
"""

import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from .errors import Refusal

Model = TypeVar("Model", bound=msgspec.Struct)


def decode(body: bytes, model: type[Model], salvage: Callable[[Any], Model] | None = None) -> tuple[Model, bool]:
    """The request in `body`, and whether it was taken in one go: strict JSON, every field of its type.

    If not, `salvage` makes what it can of the parsed body. Raises `Refusal`: 400, or 422 naming the field.
    """
    try:
        return _decoder(model).decode(body), True
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        data = _lenient(body)
        return salvage(data) if salvage else convert(data, model), False


def unjson(value: Any, path: str) -> str | None:
    """What in `value` JSON has no word for, with its path; None when there is nothing of the kind."""
    if isinstance(value, str):
        return f"{path}: expected Unicode text, got a lone surrogate" if _torn(value) else None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path}: expected a finite number, got {value}"
    if isinstance(value, dict):
        return next(filter(None, (_unjson_member(k, v, path) for k, v in value.items())), None)
    if isinstance(value, list):
        return next(filter(None, (unjson(v, f"{path}[{n}]") for n, v in enumerate(value))), None)
    return None


def _unjson_member(key: str, value: Any, path: str) -> str | None:
    if _torn(key):
        return f"{path}: expected Unicode text in every key, got a lone surrogate"
    return unjson(value, f"{path}.{key}")


def _torn(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


@cache
def _decoder(model: type[Model]) -> msgspec.json.Decoder[Model]:
    return msgspec.json.Decoder(model)


def _lenient(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply", code="invalid_json") from None
    except UnicodeDecodeError as error:
        raise Refusal(
            400, f"the body is not UTF-8: {error.reason} at byte {error.start}", code="invalid_json"
        ) from None
    except ValueError as error:  # also an integer of more digits than Python converts
        raise Refusal(400, f"the body is not JSON: {error}", code="invalid_json") from None


def convert(data: Any, model: type[Model], name: str = "body") -> Model:
    """The model that parsed JSON stands for. Raises `Refusal`: 422 naming the field, or `name` for the whole."""
    try:
        return msgspec.convert(data, model)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".") or None
        raise Refusal(
            422, f"{field or name}: {message[0].lower()}{message[1:]}", param=field, code="invalid_body"
        ) from None
