"""What of a grader has to be put differently here, what is left out, and what will differ.

Nothing is dropped without a word: each remark says what became of a field, or what no document settles.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fairmark_graders.load import TYPES

from ..errors import DataError
from .source import Configuration

LATER = ("endpoint", "label_model", "score_model")
"""Types of OpenAI's that fairmark doesn't judge yet."""
_REDACTED = re.compile(r"\*{4,}")
_PLACEHOLDER = re.compile(r"\$\{\w+\}")
_CRITERION = ("id",)
"""What an eval adds to a grader."""
_PYTHON = "docs/python_grader.md"
_DIFFERS = {
    "text_similarity": "OpenAI names no version and no parameters of its metrics: scores may differ a little "
    "(docs/text_similarity.md)",
    "string_check": "nothing is trimmed or normalised here; OpenAI doesn't say whether it does",
    "python": f"runs with the libraries that are installed here, not those of OpenAI's image ({_PYTHON})",
}


class Translated(NamedTuple):
    """A grader as fairmark takes it, and what is to be said of it."""

    configuration: Configuration
    unsupported: list[str]
    """What fairmark doesn't judge yet, by part."""
    remarks: list[str]


def translate(configuration: Configuration) -> Translated:
    """The grader, with its parts under their names and no secret in it. Raises `DataError`."""
    remarks: list[str] = []
    whole = _cleaned(configuration, "", remarks)
    parts = {"": whole}
    if whole.get("type") == "multi":
        whole["graders"] = {
            name: _cleaned(part, f"{name}: ", remarks) for name, part in _parts(whole.get("graders"), remarks).items()
        }
        parts |= {f"{name}: ": part for name, part in whole["graders"].items()}
        remarks += _of_multi(whole)
    unsupported = [f"{where}{found}" for where, part in parts.items() if (found := _unsupported(part))]
    for where, part in parts.items():
        remarks += [f"{where}{remark}" for remark in _of_leaf(part)]
    return Translated(whole, unsupported, remarks)


def _parts(graders: Any, remarks: list[str]) -> dict[str, Configuration]:
    """The parts of a multi by name: an object as on the wire, an array or a single grader as the SDK's types say."""
    if isinstance(graders, dict) and isinstance(graders.get("type"), str):
        graders = [graders]
        remarks.append("graders: was a single grader; it is a part under its own name now")
    elif isinstance(graders, list):
        remarks.append("graders: was an array; each is a part under its own name now")
    if isinstance(graders, list):
        graders = _by_name(graders)
    if not isinstance(graders, dict) or not all(isinstance(part, dict) for part in graders.values()):
        raise DataError("graders: expected an object of graders, an array of them, or one")
    return graders


def _by_name(graders: list[Any]) -> dict[str, Any]:
    names = [part.get("name") if isinstance(part, dict) else None for part in graders]
    for place, name in enumerate(names):
        if not isinstance(name, str) or names.count(name) > 1:
            raise DataError(f"graders[{place}].name: expected a name of its own, by which calculate_output means it")
    return dict(zip([str(name) for name in names], graders, strict=True))


def _cleaned(configuration: Mapping[str, Any], where: str, remarks: list[str]) -> Configuration:
    """Without nulls, what an eval adds, and the values of headers."""
    found = {name: value for name, value in configuration.items() if value is not None}
    for name in _CRITERION:
        if name in found:
            remarks.append(f"{where}{name}: left out; it is the criterion's at OpenAI")
            del found[name]
    if isinstance(headers := found.get("headers"), dict):
        found["headers"] = {name: _hidden(name, value, where, remarks) for name, value in headers.items()}
    return found


def _hidden(name: str, value: Any, where: str, remarks: list[str]) -> str:
    """A header's value, or the variable it is to be in: the platforms hide values, and no file should hold one."""
    if isinstance(value, str) and _PLACEHOLDER.search(value):
        return value
    variable = "${" + re.sub(r"\W+", "_", name).upper() + "}"
    why = "the platform hides its value" if _REDACTED.fullmatch(str(value)) else "no file should hold its value"
    remarks.append(f"{where}headers.{name}: {variable} stands for it, since {why}")
    return variable


def _unsupported(part: Configuration) -> str | None:
    if part.get("type") in LATER:
        return str(part["type"])
    if part.get("type") == "text_similarity" and part.get("evaluation_metric") == "cosine":
        return "text_similarity with cosine"
    return None


def _of_multi(whole: Configuration) -> Iterator[str]:
    formula = str(whole.get("calculate_output", ""))
    if re.search(r"log *\(|/|\^", formula):
        yield "calculate_output: OpenAI leaves the base of log, division by zero and signs open (docs/formula.md)"
    if "invalid_grade" in whole:
        yield "invalid_grade: kept, and without effect: a part that can't be graded leaves the whole without a score"


def _of_leaf(part: Configuration) -> Iterator[str]:
    if (kind := part.get("type")) in _DIFFERS and not _unsupported(part):
        yield _DIFFERS[kind]
    if kind == "python" and "image_tag" in part:
        yield f"image_tag: {part['image_tag']} chooses nothing here; pip install 'fairmark[openai-image]'"
    if isinstance(kind, str) and kind not in (*TYPES, *LATER):
        yield f"type: {kind!r} is none that is documented"
