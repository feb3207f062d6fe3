"""Graders in files: one grader each, in OpenAI's grader JSON, as JSON or YAML, or as the source of a python grader.

A file is read strictly, since a slip in it would be trained on: UTF-8, at most 1 MB, no key twice, and in YAML one
document without aliases. Every problem says its line. YAML, and the line of a wrong field in JSON, take PyYAML, which
the `cli` extra brings; without it JSON is read all the same.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InvalidGrader, Problem
from .load import AnyGrader, parse_grader

if TYPE_CHECKING:
    from yaml import Node

SUFFIXES = (".json", ".yaml", ".yml", ".py")
_GRADE = re.compile(rb"^(async )?def grade\b", re.MULTILINE)
"""What makes a grader of Python code: in a catalog's directory other modules may lie, for `function`."""
MAX_BYTES = 1_000_000


def shipped_catalog() -> Path:
    """The directory of example graders that comes with fairmark."""
    return Path(__file__).parent / "catalog"


def grader_files(directory: Path) -> list[Path]:
    """The grader files of a directory, by name; hidden ones are not ours (kubelet's, editors'). Raises `OSError`."""
    return sorted(path for path in directory.iterdir() if not path.name.startswith(".") and _holds_grader(path))


def _holds_grader(path: Path) -> bool:
    if path.suffix != ".py":
        return path.suffix in SUFFIXES
    try:
        return not path.is_file() or _GRADE.search(path.read_bytes()) is not None
    except OSError:
        return True  # to be named among those that can't be read


def read_grader(path: Path) -> AnyGrader:
    """The grader in one file. Raises `InvalidGrader`, whose problems start with `line 4: ` where the line is known."""
    text = _text(path)
    if path.suffix == ".py":
        return parse_grader({"type": "python", "source": text}, path.parent)
    configuration = _json(text) if path.suffix == ".json" else _yaml(text)
    try:
        return parse_grader(configuration, path.parent)
    except InvalidGrader as error:
        root = _tree(text)
        raise InvalidGrader([_at(_line(root, p.field), p) if root else p for p in error.problems]) from None


def _at(line: int, problem: Problem) -> Problem:
    place = f"line {line}"
    return Problem(f"{place}: {problem.field}" if problem.field else place, problem.expected)


def _refused(expected: str, line: int | None = None) -> InvalidGrader:
    problem = Problem("", expected)
    return InvalidGrader([_at(line, problem) if line else problem])


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for its writer
            raise _refused("expected a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refused(f"can't be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise _refused(f"expected at most {MAX_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(
            f"expected UTF-8, found byte 0x{data[error.start]:02x}", data.count(b"\n", 0, error.start) + 1
        ) from None


class _Twice(ValueError):
    """A key that an object has twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(f"the key {key[:100]!r} is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _refused(error.msg[0].lower() + error.msg[1:], error.lineno) from None
    except _Twice as error:
        if root := _tree(text):
            _check(root)
        raise _refused(str(error)) from None
    except ValueError as error:
        raise _refused(str(error)) from None
    except RecursionError:
        raise _refused("nested too deeply") from None


def _yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise _refused("YAML takes PyYAML, which the cli extra brings: pip install 'fairmark[cli]'") from None
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise _refused("the file is empty")
        _check(root)
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        expected = ", ".join(filter(None, [error.context, error.problem]))
        raise _refused(expected, mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        raise _refused(error.reason, text.count("\n", 0, error.position) + 1) from None
    except ValueError as error:
        raise _refused(str(error)) from None
    except RecursionError:
        raise _refused("nested too deeply") from None


def _tree(text: str) -> "Node | None":
    """The nodes of a YAML text, or of a JSON one, which is YAML but for its tabs; None where they can't be had."""
    try:
        import yaml
    except ImportError:
        return None
    try:
        return yaml.compose(text.replace("\t", " "), yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None


def _check(root: "Node") -> None:
    """Refuses a key given twice, of which YAML would take the last, and aliases, which can unfold without end."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            raise _refused("expected no alias of this value", node.start_mark.line + 1)
        seen.add(id(node))
        names: set[str] = set()
        for name, place, inner in _fields(node):
            if name in names:
                raise _refused(f"the key {name[:100]!r} is there twice", place.start_mark.line + 1)
            names.add(name)
            left.append(inner)


def _fields(node: "Node") -> "Iterator[tuple[str, Node, Node]]":
    """Name, place and value of each field of an object or element of a list."""
    from yaml import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        yield from ((str(key.value), key, value) for key, value in node.value)
    elif isinstance(node, SequenceNode):
        yield from ((str(index), value, value) for index, value in enumerate(node.value))


def _line(node: "Node", field: str) -> int:
    """The line of a field given by its dotted path, or of the deepest one on the way to it; from 1."""
    place = node
    while step := next((step for step in _fields(node) if f"{field}.".startswith(f"{step[0]}.")), None):
        name, place, node = step
        field = field[len(name) + 1 :]
    return place.start_mark.line + 1
