"""The real console command in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from fairmark_client.cli import app

FAIRMARK = str(Path(sys.executable).parent / "fairmark")


def fairmark(*arguments: object, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What the command prints and returns; of the environment's own FAIRMARK_ variables it sees none."""
    return subprocess.run(
        [FAIRMARK, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env=surroundings(**environment),
    )


def fairmark_here(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has its imports already: for what a process of its own adds nothing to."""
    hidden = {key: None for key in os.environ if key.startswith("FAIRMARK_")}
    done = CliRunner().invoke(app, [*map(str, arguments)], env={**hidden, "COLUMNS": "100", **environment})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess([], done.exit_code, done.stdout, done.stderr)


def surroundings(**environment: str) -> dict[str, str]:
    """The environment of a command, on a terminal of 100 columns."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FAIRMARK_")}
    return kept | {"COLUMNS": "100"} | environment


def rows(path: Path, *rows: Any) -> Path:
    """A file of rows; a string stands as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def row(sample: Any, reference: Any = "42") -> dict[str, Any]:
    """One row for the graders of the shipped catalog."""
    return {"sample": sample, "item": {"reference_answer": reference}}
