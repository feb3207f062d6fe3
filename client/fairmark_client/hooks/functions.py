"""Reward functions made on demand, as plain functions that any trainer takes.

Trainers name a metric after a function's `__name__`, tell async ones by inspection, and send functions to child
processes by pickle, which stores a module and a qualified name and looks the name up on the other side. So every
function here is an attribute of its hook's module: under the grader's name, or, from a factory, under a name that holds
the factory's arguments, from which the child's `__getattr__` makes it again.
"""

import base64
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import cache, partial
from typing import Any

from ..service import Grader
from .reward import Reward, Settings

Function = Callable[..., Any]
Lazy = Callable[[], Reward]
Build = Callable[[Lazy], Function]
"""Makes the function that a trainer calls; the `Reward` reads the environment when it is first asked for."""


def named(module: str, attribute: str, build: Build, settings: Settings) -> Function:
    """The function that is `module.attribute`, made at the first call."""
    return _kept(module, attribute, _function(module, attribute, build, settings))


def made(module: str, factory: str, build: Build, settings: Settings) -> Function:
    """A factory's function; the same for the same settings.

    One with a key of its own is no attribute and can't be pickled: a name shows in logs and tracebacks.
    """
    settings = replace(settings, name=settings.name or _name(settings.grader))
    if settings.key:
        return _function(module, factory, build, settings)
    text = json.dumps({key: value for key, value in asdict(settings).items() if value is not None}, sort_keys=True)
    packed = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return named(module, f"{factory}_{packed}", build, settings)


def found(module: str, attribute: str, builds: Mapping[str, Build]) -> Function:
    """The function that an attribute of the module names: a factory's, or that of a grader in the catalog.

    `builds` holds a way to make it for each ending of a name. Raises `AttributeError` for what can't be a grader.
    """
    if attribute.startswith("_"):  # asked for by Python itself, and by notebooks and debuggers
        raise AttributeError(f"module {module!r} has no attribute {attribute!r}")
    for ending, build in sorted(builds.items(), reverse=True):
        if attribute.startswith(f"reward_func{ending}_"):
            return named(module, attribute, build, _unpacked(attribute.removeprefix(f"reward_func{ending}_")))
        if attribute.endswith(ending):
            return named(module, attribute, build, Settings(attribute.removesuffix(ending)))
    raise AttributeError(f"module {module!r} has no attribute {attribute!r}")


def _unpacked(packed: str) -> Settings:
    return Settings(**json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))))


def _function(module: str, attribute: str, build: Build, settings: Settings) -> Function:
    name = settings.name or attribute
    function = build(cache(partial(Reward, name, settings)))
    function.__module__, function.__qualname__, function.__name__ = module, attribute, name
    return function


def _kept(module: str, attribute: str, function: Function) -> Function:
    kept: Function = vars(sys.modules[module]).setdefault(attribute, function)
    return kept


def _name(grader: Grader | None) -> str:
    if isinstance(grader, Mapping):
        return str(grader.get("name") or grader.get("type") or "reward")
    return grader or "reward"
