"""What a child can be asked to do; a mode is a module, see `run.py`."""

from types import ModuleType

from . import grade, probe, script

MODES: dict[str, ModuleType] = {"grade": grade, "probe": probe, "script": script}
