"""`fairmark graders new`: a grader of one's own to start from, with fixtures that it passes."""

import contextlib
import re
from pathlib import Path

from fairmark_graders.fixtures import fixtures_file
from fairmark_graders.grader_file import SUFFIXES

from .console import fail, out

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_SOURCE = '''\
"""{name}: 1 when the last number of the answer is the reference, else 0."""

import re


def extract(sample, item):
    """What is compared. Answers for which this returns the same share one call of grade."""
    numbers = re.findall(r"-?\\d+(?:\\.\\d+)?", sample["output_text"] or "")
    return numbers[-1] if numbers else None


def grade(sample, item):
    """A number, normally from 0 to 1. Where there is an extract, grade sees the sample through it alone."""
    found = extract(sample, item)
    return float(found is not None and float(found) == float(item["reference_answer"]))
'''
_FIXTURES = """\
{"sample": "6 times 7 is 42.", "item": {"reference_answer": "42"}, "score": 1}
{"sample": "It is 41.5", "item": {"reference_answer": "42"}, "score": 0}
{"sample": "I don't know.", "item": {"reference_answer": "42"}, "score": 0}
{"sample": "42", "item": {}, "outcome": "grader_error"}
"""


def new(name: str, directory: Path) -> None:
    """Write both files; exits with 2, and writes nothing, where one is there already or can't be written."""
    if not _NAME.fullmatch(name):
        fail(f"{name!r}: expected a name of letters, digits and _.-, 100 at most")
    source = directory / f"{name}.py"
    fixtures = fixtures_file(source)
    for path in (*(source.with_name(f"{name}{suffix}") for suffix in SUFFIXES), fixtures):
        if path.exists():
            fail(f"{path} is there already")
    try:
        _write({source: _SOURCE.format(name=name), fixtures: _FIXTURES})
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    out.print(f"{source}\n{fixtures}\n\nNext: fairmark graders test {source}", soft_wrap=True)


def _write(files: dict[Path, str]) -> None:
    """All of the files, none of which is there, or none. Raises `OSError`."""
    with contextlib.ExitStack() as undo:
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                undo.callback(path.unlink)
                file.write(text)
        undo.pop_all()
