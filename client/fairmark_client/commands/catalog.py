"""The grader that a command names: one of the shipped catalog, or one in a file."""

import difflib
from pathlib import Path

from fairmark_graders import AnyGrader, InvalidGrader
from fairmark_graders.fixtures import try_out
from fairmark_graders.grader_file import SUFFIXES, grader_files, read_grader, shipped_catalog

from .console import fail


def load(named: str) -> AnyGrader:
    """The grader of a file or of the shipped catalog; exits with 2 when there is none or its function fails to load."""
    path = find(named)
    try:
        grader = read_grader(path)
        try_out(grader, ())
        return grader
    except InvalidGrader as error:
        fail("; ".join(f"{path}: {problem}" for problem in error.problems))


def find(named: str) -> Path:
    """The file of a grader; exits with 2 when the shipped catalog has none of that name."""
    return Path(named) if names_file(named) else _shipped(named)


def label(named: str, grader: AnyGrader) -> str:
    """The version of a grader as a service would show it: `exact@` and its digits."""
    return f"{Path(named).stem if names_file(named) else named}@{grader.version}"


def names_file(named: str) -> bool:
    """Whether a grader is given as a file: by a path or a file's ending, or because there is such a file."""
    path = Path(named)
    return path.suffix in SUFFIXES or "/" in named or path.is_file()


def _shipped(name: str) -> Path:
    files = {path.stem: path for path in grader_files(shipped_catalog())}
    if name in files:
        return files[name]
    close = difflib.get_close_matches(name, files, 1)
    guess = f"did you mean {close[0]}?" if close else f"there are {', '.join(files)}"
    fail(f"the shipped catalog has no grader {name!r}; {guess}")
