"""The grader as a platform takes it: a plain object, its headers filled from the environment as it is sent.

The typed models of the SDK are no use here: its `multi` takes one grader where the platforms want an object of them,
and there is no `endpoint` among them.
"""

import os
import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import httpx

from fairmark_graders import InvalidGrader, parse_grader
from fairmark_graders.formula import Formula, FormulaError
from fairmark_graders.grader_file import grader_files, read_grader, shipped_catalog

from ...address import Address
from ...errors import JobRefused
from ..job import Spec

Configuration = dict[str, Any]

IN_BOTH = ("string_check", "text_similarity", "python")
"""What fairmark and the platforms run; read by fairmark's own rules, which name the field."""
ALONE = (*IN_BOTH, "score_model", "multi", "endpoint", "lambda")
"""`lambda` is Bedrock's, whose API is OpenAI's else."""
AS_PART = (*IN_BOTH, "score_model", "label_model", "endpoint")
NEEDED = {
    "score_model": ("model", "input"),
    "label_model": ("model", "input", "labels", "passing_labels"),
    "endpoint": ("url",),
    "lambda": ("lambda",),
}
ENDPOINT_FIELDS = ("type", "url", "name", "headers", "rate_limit", "pass_threshold")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def to_send(spec: Spec, near: bool) -> Configuration:
    """The grader of a spec, its headers still naming variables. Raises `JobRefused`, naming the field.

    near  whether the platform runs on this machine, so that it reaches what listens here
    """
    if url := spec.options.get("endpoint_url"):
        return _checked(_endpoint(spec, url), "options.endpoint_url", ALONE, near)
    if spec.grader is None:
        raise JobRefused("grader: an rft job needs one: a name of the shipped catalog, or a configuration")
    grader = _shipped(spec.grader) if isinstance(spec.grader, str) else spec.grader
    return _checked(grader, "grader", ALONE, near)


def _endpoint(spec: Spec, url: str) -> Configuration:
    name = spec.grader if isinstance(spec.grader, str) else "fairmark"
    variable = spec.options.get("endpoint_key_env")
    headers = {"headers": {"Authorization": f"Bearer ${{{variable}}}"}} if variable else {}
    return {"type": "endpoint", "name": name, "url": url, **headers}


def _shipped(name: str) -> Configuration:
    path = next((path for path in grader_files(shipped_catalog()) if path.stem == name), None)
    if path is None:
        raise JobRefused(f"grader: the shipped catalog has no {name!r}. {_way_out(name)}")
    return {"name": name, **read_grader(path).model_dump(mode="json", exclude_none=True)}


def _checked(grader: Any, field: str, types: tuple[str, ...], near: bool) -> Configuration:
    if not isinstance(grader, dict):
        raise JobRefused(f"{field}: expected an object, got {type(grader).__name__}")
    kind = grader.get("type")
    if kind not in types:
        raise JobRefused(_unknown(kind, field, types))
    for name in NEEDED.get(kind, ()):
        if not grader.get(name):
            raise JobRefused(f"{field}.{name}: missing")
    if kind == "multi":
        return _checked_multi(grader, field, near)
    if kind == "endpoint":
        return _checked_endpoint(grader, field, near)
    return {"name": field.rpartition(".")[2], **(_ours(grader, field) if kind in IN_BOTH else grader)}


def _unknown(kind: Any, field: str, types: tuple[str, ...]) -> str:
    if kind in (*ALONE, *AS_PART):
        where = "inside a multi" if kind in ALONE else "alone, only inside a multi"
        return f"{field}.type: {kind} can't stand {where}"
    return f"{field}.type: the platform runs no {kind!r}, only {', '.join(types)}. {_way_out('NAME')}"


def _way_out(name: str) -> str:
    return (
        "A fairmark service can grade with it while the platform trains (docs/endpoint_grader.md): "
        f"--option endpoint_url=https://grader.example.com/endpoint/{name} --option endpoint_key_env=VARIABLE"
    )


def _ours(grader: Configuration, field: str) -> Configuration:
    try:
        return parse_grader(grader).to_openai()
    except InvalidGrader as error:
        problem = error.problems[0]
        at = f"{field}.{problem.field}" if problem.field else field
        raise JobRefused(f"{at}: {problem.expected}") from None


def _checked_multi(grader: Configuration, field: str, near: bool) -> Configuration:
    parts = grader.get("graders")
    if not isinstance(parts, dict) or not parts:
        raise JobRefused(f"{field}.graders: expected an object from a name to its grader, got {type(parts).__name__}")
    checked = {name: _checked(part, f"{field}.graders.{name}", AS_PART, near) for name, part in parts.items()}
    try:
        names = Formula.parse(str(grader.get("calculate_output", ""))).names
    except FormulaError as error:
        raise JobRefused(f"{field}.calculate_output: {error}") from None
    if unknown := sorted(names - parts.keys()):
        raise JobRefused(
            f"{field}.calculate_output: names {unknown[0]!r}, which is no part; the parts are {', '.join(parts)}"
        )
    return {"name": "multi", **grader, "graders": checked}


def _checked_endpoint(grader: Configuration, field: str, near: bool) -> Configuration:
    if strange := [name for name in grader if name not in ENDPOINT_FIELDS]:
        raise JobRefused(f"{field}.{strange[0]}: unknown here; an endpoint grader has {', '.join(ENDPOINT_FIELDS)}")
    url = str(grader["url"])
    if not _reached(url, near):
        raise JobRefused(f"{field}.url: expected an https address that the platform reaches from outside, got {url!r}")
    rate = grader.get("rate_limit", 1)
    if type(rate) is not int or rate < 1:
        raise JobRefused(f"{field}.rate_limit: expected requests a second, a whole number of at least 1, got {rate!r}")
    for name, value in _headers(grader, field):
        if not _VARIABLE.search(value):
            raise JobRefused(
                f"{field}.headers.{name}: a header's value is a secret and isn't stored; name an environment variable "
                "instead, as in 'Bearer ${GRADER_KEY}'"
            )
    secrets(grader, field)
    return grader


def _reached(url: str, near: bool) -> bool:
    """Whether the platform may reach that address, as far as it can be told without asking."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if near:
        return parsed.scheme in ("http", "https") and bool(parsed.host)
    return parsed.scheme == "https" and bool(parsed.host) and not Address(url, None).local and not _private(parsed.host)


def _private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:  # a name
        return False


def _headers(grader: Configuration, field: str = "grader") -> Iterator[tuple[str, str]]:
    headers = grader.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise JobRefused(f"{field}.headers: expected an object whose values are strings")
    yield from headers.items()


def filled(grader: Configuration) -> Configuration:
    """The grader with the variables' values in its headers: to be sent, and neither kept nor shown."""
    if grader["type"] == "multi":
        return {**grader, "graders": {name: filled(part) for name, part in grader["graders"].items()}}
    if "headers" not in grader:
        return grader
    return {**grader, "headers": {name: _VARIABLE.sub(_value, text) for name, text in grader["headers"].items()}}


def secrets(grader: Configuration, field: str = "grader") -> tuple[str, ...]:
    """The values that must stand in no message. Raises `JobRefused` for a variable that isn't set."""
    parts = grader["graders"].values() if grader["type"] == "multi" else [grader]
    named = [found for part in parts for _, text in _headers(part, field) for found in _VARIABLE.finditer(text)]
    return tuple(_value(found, field) for found in named)


def _value(found: re.Match[str], field: str = "grader") -> str:
    value = os.environ.get(found[1], "").strip()
    if not value:
        raise JobRefused(f"{field}.headers: the environment variable {found[1]} isn't set")
    return value
