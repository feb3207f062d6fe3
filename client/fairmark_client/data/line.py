"""One line of JSONL, read strictly."""

import json
from typing import Any, NoReturn


def parsed(line: bytes) -> dict[str, Any]:
    """The object in a line. A ValueError says what else it is."""
    try:
        row = json.loads(line.decode(), parse_constant=_no_constant)
        _check(row)
    except json.JSONDecodeError as error:
        raise ValueError(f"expected JSON, got {_excerpt(line)} ({error.msg} at character {error.pos + 1})") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"expected UTF-8, got the byte 0x{line[error.start]:02x} at byte {error.start + 1}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, got {_excerpt(line)}")
    return row


def _check(row: Any) -> None:
    """Refuse what JSON has no word for though Python reads it; writing the row again finds it fastest."""
    try:
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise ValueError("expected Unicode text, got half of a surrogate pair in a string") from None
    except ValueError:
        raise ValueError("expected finite numbers, got one beyond 1.8e308") from None


def _excerpt(line: bytes) -> str:
    text = line.decode(errors="replace").strip()
    return text if len(text) <= 40 else text[:40] + "…"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON; expected a number or null")
