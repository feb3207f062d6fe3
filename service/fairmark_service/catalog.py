"""Graders under a name: a directory of grader files, and the configurations that come inside requests.

A file `exact.json` or `exact.py` gives the name `exact`. The directory is read again as it changes: a request takes one
immutable `snapshot` and keeps it to its end; a name whose file is broken goes on being served as it was. A grader that
fails its fixtures is broken, and so is one that calls a function the settings don't allow.
"""

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from fairmark_graders import AnyGrader, FairmarkError, InvalidGrader, Problem, parse_grader
from fairmark_graders.fixtures import fixtures_file, prove
from fairmark_graders.function import Function
from fairmark_graders.function_call import Source
from fairmark_graders.grader_file import MAX_BYTES, grader_files, read_grader
from fairmark_graders.sandbox import SandboxUnavailable

from .reload import Signature, signature

INLINE = "inline"
"""The name of every grader that comes inside a request; no file may take it."""
INLINE_BYTES = 16_000_000
"""Inline graders kept, in bytes of configuration and `INLINE_COST` for each."""
INLINE_COST = 8_000
"""What a small grader takes in memory beside its configuration: 7 kB measured for a string_check, 12 kB for a multi."""

_NOT_ALLOWED = "not allowed; the setting functions (FAIRMARK_FUNCTIONS) names the modules that may be called"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")

log = logging.getLogger("fairmark.catalog")


class Entry(NamedTuple):
    """A grader as it is served; `version` is `exact@` and the grader's own version."""

    name: str
    grader: AnyGrader
    version: str


class Broken(NamedTuple):
    """A file that gives no grader, and why; `serving` says whether its name still answers as it did before."""

    file: str
    problems: tuple[str, ...]
    serving: bool

    def __str__(self) -> str:
        return f"{self.file}: {'; '.join(self.problems)}"


class InvalidCatalog(FairmarkError):
    """The catalog can't be served from the start; the message has a line for each file that is broken."""

    def __init__(self, directory: Path, broken: tuple[Broken, ...]) -> None:
        super().__init__("\n".join([f"the catalog {directory} is refused:", *map(str, broken)]))
        self.broken = broken


class UnknownGrader(FairmarkError):
    """No grader is served under this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, sorted(known)
        more = f" and {len(self.known) - 20} more" if len(self.known) > 20 else ""
        super().__init__(f"no grader is called {name[:100]!r}; there is {', '.join(self.known[:20]) or 'none'}{more}")


@dataclass(frozen=True)
class Snapshot:
    """The catalog at one moment."""

    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    broken: tuple[Broken, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled for other processes. A grader's pickle is its configuration; the code of functions goes beside it."""
        sources = {name: [found.source for found in _functions(entry.grader)] for name, entry in self.entries.items()}
        return _snapshot_of, (dict(self.entries), self.broken, sources)

    def get(self, name: str) -> Entry:
        """The grader called `name`. Raises `UnknownGrader`."""
        entry = self.entries.get(name)
        if entry is None:
            raise UnknownGrader(name, self.entries)
        return entry


def _snapshot_of(
    entries: dict[str, Entry], broken: tuple[Broken, ...], sources: Mapping[str, list[Source]]
) -> Snapshot:
    """Functions mean the code that was found where they were loaded, though it may have changed since."""
    for name, found in sources.items():
        for function, source in zip(_functions(entries[name].grader), found, strict=True):
            vars(function)["source"] = source
    return Snapshot(MappingProxyType(entries), broken)


class _Read(NamedTuple):
    """What was found in a file: a grader, or problems; and of which files that was made."""

    seen: Mapping[Path, Signature | None]
    entry: Entry | None
    problems: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether none of the files has changed."""
        return all(signature(path) == seen for path, seen in self.seen.items())


class Catalog:
    """The graders of one directory, and those that requests bring."""

    def __init__(self, directory: Path, functions: Iterable[str] = (), python: Path | None = None) -> None:
        """`functions` names the modules that graders of type function may call; `python` runs programs."""
        self.directory = directory
        self._functions, self._python = tuple(functions), python
        self.snapshot = Snapshot()
        """Replaced as a whole when a file changes; hold on to one for the length of a request."""
        self._files: dict[Path, _Read] = {}
        self._inline = _Recent()

    def load(self) -> None:
        """Reads every file. Raises `InvalidCatalog` unless all are sound: later slips are survived, this one isn't."""
        self.reload()
        if self.snapshot.broken:
            raise InvalidCatalog(self.directory, self.snapshot.broken)

    def inline(self, configuration: Any) -> Entry:
        """The grader of a configuration inside a request, parsed when it is first seen. Raises `InvalidGrader`.

        Whoever may send requests may not run the operator's code on arguments of their own choice.
        """
        key = _canonical(configuration)
        entry = self._inline.get(key)
        if entry is None:
            grader = parse_grader(json.loads(key))
            _allow(grader, (), "'function' graders are served from the catalog alone, under a name")
            entry = _entry(INLINE, grader)
            self._inline.put(key, entry)
        return entry

    def reload(self) -> None:
        """Takes up what has changed in the directory."""
        try:
            paths = grader_files(self.directory)
        except OSError as error:
            problem = f"can't be listed: {error.strerror}"
            self._publish(Snapshot(self.snapshot.entries, (Broken(self.directory.name, (problem,), serving=True),)))
            return
        self._files = {path: self._read(path) for path in paths}
        self._publish(_snapshot(self._files, self.snapshot))

    def _read(self, path: Path) -> _Read:
        before = self._files.get(path)
        if before is not None and before.current:
            return before
        # Signatures come before contents, so that a change in between is found next time.
        seen = {file: signature(file) for file in (path, fixtures_file(path))}
        try:
            name, grader = _name(path), read_grader(path)
            _allow(grader, self._functions, _NOT_ALLOWED)
            seen |= {file: signature(file) for function in _functions(grader) for file in function.source.files}
            self._prove(path, grader)
            return _Read(seen, _entry(name, grader))
        except InvalidGrader as error:
            return _Read(seen, None, tuple(map(str, error.problems)))

    def _prove(self, path: Path, grader: AnyGrader) -> None:
        """Hold it against its fixtures, unless these are programs and none can be run: then no sample gets a score."""
        try:
            prove(path, grader, self._python)
        except SandboxUnavailable as error:
            log.warning("grader %s is served untried: programs can't be run", path.stem, extra={"reason": str(error)})

    def _publish(self, after: Snapshot) -> None:
        before = self.snapshot
        if after != before:
            self.snapshot = after
            _report(before, after)


def _allow(grader: AnyGrader, modules: tuple[str, ...], otherwise: str) -> None:
    """Raises `InvalidGrader` for a function outside these modules; nothing of it has been looked at by then."""
    for function in _functions(grader):
        if not any(f"{function.module}.".startswith(f"{module}.") for module in modules):
            raise InvalidGrader([Problem("function", f"{function.module!r}: {otherwise}")])


def _functions(grader: AnyGrader) -> list[Function]:
    return [leaf for leaf in grader.leaves() if isinstance(leaf, Function)]


def _name(path: Path) -> str:
    name = path.stem
    if not _NAME.fullmatch(name):
        raise InvalidGrader([Problem("", "expected a file name of letters, digits and _.-, 100 at most")])
    if name == INLINE:
        raise InvalidGrader([Problem("", f"the name '{INLINE}' stands for graders inside requests")])
    return name


def _entry(name: str, grader: AnyGrader) -> Entry:
    return Entry(name, grader, f"{name}@{grader.version}")


def _snapshot(files: Mapping[Path, _Read], before: Snapshot) -> Snapshot:
    """Each name's entry; as it was before where its file is broken or two files give it."""
    named: dict[str, list[Path]] = {}
    for path in files:
        named.setdefault(path.stem, []).append(path)
    entries: dict[str, Entry] = {}
    broken: list[Broken] = []
    for name, paths in named.items():
        problems = {path: files[path].problems + _rivals(path, paths) for path in paths}
        was, now = before.entries.get(name), files[paths[0]].entry
        entry = was if any(problems.values()) or now == was else now
        if entry is not None:
            entries[name] = entry
        broken += [Broken(path.name, found, entry is not None) for path, found in problems.items() if found]
    return Snapshot(MappingProxyType(entries), tuple(broken))


def _rivals(path: Path, paths: list[Path]) -> tuple[str, ...]:
    others = ", ".join(other.name for other in paths if other != path)
    return (f"the name '{path.stem}' is also given by {others}",) if others else ()


def _report(before: Snapshot, after: Snapshot) -> None:
    """One line in the log for each thing that changed."""
    for broken in after.broken:
        if broken not in before.broken:
            extra = {"file": broken.file, "problems": broken.problems, "serving": broken.serving}
            log.error("grader file refused: %s", broken, extra=extra)
    for name in sorted({*before.entries, *after.entries}):
        was, now = before.entries.get(name), after.entries.get(name)
        if now is None:
            log.info("grader %s removed", name)
        elif now is not was:
            log.info("grader %s loaded", name, extra={"version": now.version})


def _canonical(configuration: Any) -> bytes:
    """The configuration as JSON with sorted keys: equal for equal configurations."""
    try:
        key = _dump(configuration)
    except (TypeError, ValueError, RecursionError):
        raise InvalidGrader([Problem("", "expected JSON, not nested too deeply")]) from None
    if len(key) > MAX_BYTES:
        raise InvalidGrader([Problem("", f"expected at most {MAX_BYTES:,} bytes")])
    return key


def _dump(configuration: Any) -> bytes:
    try:
        return orjson.dumps(configuration, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits or a lone surrogate, which orjson refuses
        return json.dumps(configuration, sort_keys=True).encode()


class _Recent:
    """The inline graders used last, by canonical configuration."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._bytes = 0

    def get(self, key: bytes) -> Entry | None:
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        self._entries[key] = entry
        self._bytes += len(key) + INLINE_COST
        while self._bytes > INLINE_BYTES:
            oldest, _ = self._entries.popitem(last=False)
            self._bytes -= len(oldest) + INLINE_COST
