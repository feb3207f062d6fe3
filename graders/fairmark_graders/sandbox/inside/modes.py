"""What a child can be asked to do; a mode is a module, see `run.py`."""

from types import ModuleType

from . import calls, grade, probe, script, tester, tests, together

MODES: dict[str, ModuleType] = {
    "calls": calls,
    "grade": grade,
    "probe": probe,
    "script": script,
    "tester": tester,
    "tests": tests,
    "together": together,
}
