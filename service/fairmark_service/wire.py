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
    if salvage:
        return salvage(data), False
    if found := unjson(data):
        raise _refused(found)
    return convert(data, model), True


def unjson(value: Any, path: str = "") -> str | None:
    """What in `value` JSON has no word for, with its path; None when there is nothing of the kind."""
    left = [(path, value)]  # a list instead of recursion: what is looked through may be nested as deep as it likes
    while left:
        path, value = left.pop()
        if isinstance(value, str) and _torn(value):
            return f"{path or 'body'}: expected Unicode text, got a lone surrogate"
        if isinstance(value, float) and not math.isfinite(value):
            return f"{path or 'body'}: expected a finite number, got {value}"
        if isinstance(value, dict):
            if any(map(_torn, value)):
                return f"{path or 'body'}: expected Unicode text in every key, got a lone surrogate"
            left += reversed([(f"{path}.{key}" if path else key, inner) for key, inner in value.items()])
        if isinstance(value, list):
            left += reversed([(f"{path}[{place}]", inner) for place, inner in enumerate(value)])
    return None


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
    """The parsed body; by the standard library, ten times slower, only where it holds what msgspec doesn't take."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
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
        field = path.rstrip("`").lstrip(".")
        raise _refused(f"{field or name}: {message[0].lower()}{message[1:]}", field) from None


def _refused(message: str, field: str | None = None) -> Refusal:
    param = message.partition(":")[0] if field is None else field
    return Refusal(422, message, param=param or None, code="invalid_body")
