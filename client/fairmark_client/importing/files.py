"""A grader as a file of a catalog, with fixtures that hold it to what it scores today.

What fairmark can't judge yet, or reads as wrong, is kept whole in a file that a catalog leaves alone: its name ends in
`.unsupported`.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from fairmark_graders import AnyGrader, InvalidGrader, Multi, Verdict
from fairmark_graders.fixtures import Fixture, fixtures_file, try_out
from fairmark_graders.grader_file import SUFFIXES, read_grader
from fairmark_graders.template import Template, Variable

from ..checks.answers import AS_IT_IS, AS_JSON, Answers
from ..checks.reference import lone_reference
from ..errors import DataError
from .source import Configuration
from .translation import LATER, translate

UNSUPPORTED = ".unsupported"
_GRADE = re.compile(r"^(async )?def grade\b", re.MULTILINE)
_ALONE = {"type", "name", "source", "image_tag"}
"""Fields of a python grader that its source alone stands for."""
_TRIED = ("string_check", "text_similarity")
"""What has the same score for the same fixture on every machine, and needs no sandbox."""


class Imported(NamedTuple):
    """One grader and what became of it."""

    name: str
    path: Path
    supported: bool
    problems: list[str]
    """Why it can't be served as it is."""
    remarks: list[str]
    """What was changed, and what will differ."""
    fixtures: Path | None


def write(name: str, configuration: Configuration, into: Path, source: str) -> Imported:
    """Write one grader and read it back; `source` is named in the file. Raises `DataError`; nothing is overwritten."""
    whole, unsupported, remarks = translate(configuration)
    suffix = ".py" if _is_source(whole) else ".yaml"
    path = into / f"{name}{suffix}"
    for taken in (*(into / f"{name}{other}" for other in SUFFIXES), fixtures_file(path), _aside(path)):
        if taken.exists():
            raise DataError(f"{taken} is there already")
    _put(path, whole["source"] if suffix == ".py" else _yaml(whole, source))
    problems = [f"not supported yet: {each}" for each in unsupported]
    try:
        grader = read_grader(path)
        try_out(grader, ())
    except InvalidGrader as error:
        problems += [str(problem) for problem in error.problems if not _told(str(problem), unsupported)]
        path = path.rename(_aside(path))
        return Imported(name, path, False, problems, remarks, None)
    return Imported(name, path, True, [], remarks, _fixtures(grader, path))


def _is_source(whole: Configuration) -> bool:
    """Whether a python grader's source says all there is to say."""
    source = whole.get("source")
    alone = whole.get("type") == "python" and whole.keys() <= _ALONE
    return alone and isinstance(source, str) and _GRADE.search(source) is not None


def _told(problem: str, unsupported: list[str]) -> bool:
    """Whether a problem is no more than a type that is named as unsupported."""
    return bool(unsupported) and (any(f"type {kind!r}" in problem for kind in LATER) or "cosine" in problem)


def _aside(path: Path) -> Path:
    return path.with_name(path.name + UNSUPPORTED)


def _put(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from None


class _Blocks(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that code can be read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Blocks.add_representer(str, _text)
_Blocks.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]


def _yaml(whole: Configuration, source: str) -> str:
    body = yaml.dump(whole, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=120)
    return f"# From {source}, by fairmark graders import.\n{body}"


def _fixtures(grader: AnyGrader, path: Path) -> Path | None:
    """What the grader scores today: on its reference, another answer, no item; None where that says little."""
    if lone_reference(grader) is None or any(part.type not in _TRIED for part in _parts(grader)):
        return None
    item, right, wrong = _item(grader), _said(grader, "the reference"), _said(grader, "something else")
    fixtures = [Fixture(1, right, item, {}), Fixture(2, wrong, item, {}), Fixture(3, right, {}, {})]
    lines = [_line(*pair) for pair in zip(fixtures, try_out(grader, fixtures), strict=True)]
    beside = fixtures_file(path)
    _put(beside, "".join(f"{line}\n" for line in lines))
    return beside


def _parts(grader: AnyGrader) -> Iterable[AnyGrader]:
    return grader.graders.values() if isinstance(grader, Multi) else [grader]


def _said(grader: AnyGrader, answer: str) -> str:
    """An answer where the grader reads it."""
    forms = Answers(grader).forms(answer)
    return forms.get(AS_JSON, forms[AS_IT_IS])


def _line(fixture: Fixture, verdict: Verdict) -> str:
    found: dict[str, Any] = {"outcome": verdict.outcome}
    if verdict.score is not None:
        found = {"score": round(verdict.score, 6)}
    return json.dumps({"sample": fixture.sample, "item": fixture.item, **found}, ensure_ascii=False)


def _item(grader: AnyGrader) -> dict[str, Any]:
    """An item with every field that the grader reads."""
    found: dict[str, Any] = {}
    for leaf in grader.leaves():
        for field in ("input", "reference"):
            template = getattr(leaf, field, None)
            for variable in template.variables if isinstance(template, Template) else ():
                if variable.namespace == "item":
                    _set(found, variable)
    return found


def _set(found: dict[str, Any], variable: Variable) -> None:
    """Put a text at the path of a variable; a list gets as many as its index asks for."""
    place: Any = found
    path = (variable.name, *variable.steps)
    for step, following in zip(path, (*path[1:], None), strict=True):
        inner: Any = "the reference" if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            place.extend(None for _ in range(step + 1 - len(place)))
            place[step] = place[step] or inner
        else:
            place.setdefault(step, inner)
        place = place[step]
