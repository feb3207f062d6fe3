"""Samples that mean harm: for the service's sandbox and workers alone, never to be run here.

Each is new, so that no cache knows it. The programs come under a grader of their own with a limit of 1 s, since what
is asked is what becomes of their neighbours and not how long a limit is.
"""

import random

PREFIX = "poison: "
CODE = {
    "type": "code_tests",
    "input": "{{ sample.output_text }}",
    "tests": "{{ item.reference_answer }}",
    "seconds_per_test": 1,
    "seconds": 1,
}
_PROGRAMS = {
    "endless loop": "while True:\n    pass\n",
    "fork bomb": "import os\nwhile True:\n    os.fork()\n",
    "100 MB print": "print('x' * 100_000_000)\n",
}


def tower(chance: random.Random) -> str:
    """Powers of powers, on which math-verify hangs holding the interpreter's lock (Math-Verify#65)."""
    top = chance.randrange(5, 10**9)
    power = f"\\left(5^{{\\left(5^{{\\left(5^{{{top}}}\\right)}}\\right)}} - 4\\right)"
    return f"\\boxed{{\\dfrac{{5^{{{power}}} - 5}}{{16}}}}"


def program(turn: int, chance: random.Random) -> tuple[str, str]:
    """One hostile program after the other, with its name."""
    name = list(_PROGRAMS)[turn % len(_PROGRAMS)]
    return name, f"{_PROGRAMS[name]}# {chance.getrandbits(64)}\n"
