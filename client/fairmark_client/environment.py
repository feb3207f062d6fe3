"""The client's settings, from `FAIRMARK_…` variables; each is read when it is first needed, not on import."""

import os


def text(name: str) -> str | None:
    """The variable's value; None when it is unset or empty. Secrets that are mounted from files end in a newline."""
    return os.environ.get(name, "").strip() or None


def number(name: str, default: float) -> float:
    """The variable's value as a number of at least 0."""
    value = text(name)
    try:
        found = default if value is None else float(value)
    except ValueError:
        found = -1.0
    if not found >= 0:
        raise ValueError(f"{name}: expected a number of at least 0, got {value!r}")
    return found


def flag(name: str, default: bool = False) -> bool:
    """Whether the variable says yes."""
    value = (text(name) or str(int(default))).lower()
    if value not in ("0", "1", "false", "true", "no", "yes"):
        raise ValueError(f"{name}: expected 1 or 0, got {value!r}")
    return value in ("1", "true", "yes")
