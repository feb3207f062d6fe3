"""The attacks, read from attacks/*.toml: hostile programs, never to be run but in the sandbox.

name        of the attack
tries       what it would do
stopped_by  what is in its way
    status      how a run of it alone may end; ["finished"] by default, so that an attack with a mistake in it shows
prints      if given: each line of its output is one of these, and there is one at least
stream      where `prints` looks: stdout by default
program     its source, which PRELUDE and the names of `Outside` come before
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairmark_graders.sandbox import Outcome

FOLDER = Path(__file__).parent / "attacks"

PRELUDE = '''
import errno, os, sys

def attempt(deed, *given):
    """Print what comes of a deed: "done" and what it gave, or the error's name."""
    try:
        gave = deed(*given)
    except OSError as error:
        print(errno.errorcode.get(error.errno, type(error).__name__))
    except BaseException as error:
        print(type(error).__name__)
    else:
        print("done", gave)

def call(number, *given):
    """A system call by its number."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    answer = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, given))
    if answer == -1:
        raise OSError(ctypes.get_errno(), "")
    return answer

def largest(places):
    """The largest number like a right answer that can be reached from there in a few steps."""
    import re
    best, seen, steps = 0, set(), list(places)
    for thing in steps:
        if id(thing) in seen or len(seen) > 100_000:
            continue
        seen.add(id(thing))
        if type(thing) is int and 10**17 <= thing < 11 * 10**17:
            best = max(best, thing)
        elif type(thing) is str and len(thing) < 100_000:
            steps += map(int, re.findall(r"(?<!\\d)\\d{18,19}(?!\\d)", thing))
        elif isinstance(thing, dict):
            steps += [*thing.keys(), *thing.values()]
        elif isinstance(thing, (list, tuple, set)):
            steps += thing
    return best

def serve_instead(reply):
    """Answer what is asked over a socket, if there is one, in the place of whoever serves this program."""
    import json, stat
    links = [n for n in range(3, 64) if is_open(n) and stat.S_ISSOCK(os.fstat(n).st_mode)]
    if not links:
        return
    request = {"do": "load"}
    while True:
        content = json.dumps(reply(request)).encode()
        content = len(content).to_bytes(8, "big") + content
        while content:
            content = content[os.write(links[0], content):]
        length = int.from_bytes(os.read(links[0], 8), "big")
        request = json.loads(os.read(links[0], length) or b"{}")

def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
'''

ANSWERS = """
if "solve" not in globals():
    def solve(*given):
        return 0
if __name__ == "__main__":
    for line in sys.stdin:
        print(solve(int(line)))
"""

GRADER = """
import os, sys
def grade(sample, item):
    if "attack" in item:
        exec(compile(item["attack"], "attack", "exec"), {"__name__": "attack"})
        return 0.25
    return float(os.listdir(".") == [] and len(sys._current_frames()) == 1 and len(os.environ) < 20)
"""
"""A `python` grader that runs what it is given, or else says whether all is as it should be."""


@dataclass(frozen=True)
class Attack:
    """One hostile program and what may come of it."""

    family: str
    name: str
    tries: str
    stopped_by: str
    program: str
    status: tuple[str, ...] = ("finished",)
    prints: tuple[str, ...] | None = None
    stream: str = "stdout"
    together: bool = False

    def source(self, names: Mapping[str, object]) -> str:
        """The whole program, aimed at what lies outside."""
        return "".join(f"{name} = {value!r}\n" for name, value in names.items()) + PRELUDE + self.program

    def answering(self, names: Mapping[str, object]) -> str:
        """The same as the solution of a task."""
        return self.source(names) + ANSWERS

    def imported(self, names: Mapping[str, object]) -> str:
        """The same while a grader is imported."""
        return self.source(names) + "\ndef grade(sample, item):\n    return 0.25\n"

    def ended_as_told(self, outcome: Outcome) -> bool:
        return outcome.status in self.status

    def said(self, outcome: Outcome) -> set[str]:
        """What it printed that it should not have been able to; an empty line if it came to its end in silence."""
        if self.prints is None:
            return set()
        output = outcome.stdout if self.stream == "stdout" else outcome.stderr
        silence = {""} if outcome.status == "finished" else set()
        return (set(output.decode(errors="replace").splitlines()) or silence) - set(self.prints)


def _read() -> Iterator[Attack]:
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["attack"]:
            lists = {key: tuple(entry[key]) for key in ("status", "prints") if key in entry}
            yield Attack(family=path.stem, **entry | lists)


ATTACKS = tuple(_read())
