"""Mode `tester`: tests in a process that never runs a line of the program, and the program in another.

program: {"source": text}
tests: {"pieces": [test code, …], "function": the name under test or null, "first": number of the first test to
run, "last": of the one behind the last, null for all, "stop": whether to end at the first test that fails}

The names that the tests take from the program are stand-ins: a call sends its arguments over as plain data and gets
plain data back, so no `__eq__`, no patched `assert` and no walk through frames reaches what judges. What isn't plain
stays in the program, and the tests get a `Remote` that they may call, ask for attributes and items, and hand back.

What the result holds, a line each, was written by the tests' process and can be trusted: {"tests": how many there are}
or {"unreadable": why}; {"program": what it raised}; {"passed": …, "error": …, "message": …} for each test, with
"asked" where it let the program compare objects of its own; {"beside": why} where tests have to share its process.
"""

import builtins
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import plain, program
from .link import Gone, Link, Message
from .served import Served
from .suite import SOLUTION, Beside, Suite, Unreadable, free_names, perform

ROLES = ("program", "tests")
NAME = "tests"
"""The module that the tests' own classes are of."""
_FAILED = 1


def run(role: str, job: dict[str, Any], result_fd: int, progress_fd: int, talk_fd: int) -> int:
    """The exit code: of the tests', 0 unless they can't be run."""
    if role == "program":
        Served(job["source"], progress_fd, talk_fd).serve()
        return 0
    try:
        suite = Suite(job["pieces"])
        program.report(result_fd, {"tests": suite.count})
        return _Tester(talk_fd, job["function"]).run(suite, job, result_fd, progress_fd)
    except Unreadable as error:
        program.report(result_fd, {"unreadable": str(error)})
    except Beside as error:
        program.report(result_fd, {"beside": str(error)})
    except Gone:
        pass  # the service sees that a test is missing
    return _FAILED


class _Tester:
    """The tests' end of the link."""

    def __init__(self, talk_fd: int, function: str | None) -> None:
        self._link = Link(talk_fd, self._call_back)
        self._function = function
        self._remotes: dict[int, Remote] = {}
        self._callbacks: list[Callable[..., Any]] = []
        self._exceptions: dict[str, type[BaseException]] = {}
        self._test = 0
        self._asked = False
        self._gone = False

    def run(self, suite: Suite, job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
        taken, modules = free_names(suite.body, self._function)
        reply = self._ask({"do": "load", "names": sorted(taken)})
        if "raised" in reply:
            program.report(result_fd, {"program": str(reply.get("where"))[:120]})
            return _FAILED
        program.report(result_fd, {"loaded": True})
        names = self._names(reply.get("names", {}), modules)
        # Tests of a named function that lean on others of the program's, too, let it judge itself.
        helped = bool(self._function and names.keys() & (taken - {self._function}))

        def tell(line: dict[str, Any]) -> bool:
            if self._gone:
                raise Gone
            program.report(result_fd, line | ({"asked": True} if self._asked or helped else {}))
            program.done(progress_fd)
            self._asked = False
            self._test += 1
            return line["passed"] or not job["stop"]

        perform(suite, names, range(job["first"], job["last"] or suite.count), tell)
        return 0

    def _names(self, named: Mapping[str, Message], modules: Iterable[str]) -> dict[str, Any]:
        """What the tests find: the program's names, and modules that they use without importing them."""
        names: dict[str, Any] = {"__name__": NAME, "__builtins__": builtins}
        names |= {name: __import__(name) for name in modules}
        names |= {name: value for name in named if (value := self._meant(name, named[name])) is not _MISSING}
        sys.modules[SOLUTION] = _Module(self)
        return names

    def name(self, name: str) -> Any:
        """What a name of the program's stands for, or `_MISSING`."""
        return self._meant(name, self._ask({"do": "name", "name": name}))

    def _meant(self, name: str, reply: Message) -> Any:
        if "exception" in reply:
            return self._exception(reply["exception"])
        return _MISSING if "missing" in reply else self._value(reply, is_object=name[:1].isupper())

    def do(self, what: str, *args: Any, kwargs: dict[str, Any] | None = None, is_object: bool = False) -> Any:
        """What the program returns. Raises what it raises."""
        encoded = [self._encoded(argument) for argument in args]
        named = {name: self._encoded(argument) for name, argument in (kwargs or {}).items()}
        reply = self._ask({"do": what, "args": encoded, "kwargs": named})
        if "changed" in reply:
            _change(list(args), self._decoded(reply["changed"]))
        return self._value(reply, is_object)

    def compare(self, what: str, *args: Any, is_object: bool = False) -> Any:
        """The same where the program's own operators decide, which the verdict will say."""
        self._asked = True
        return self.do(what, *args, is_object=is_object)

    def _ask(self, request: Message) -> Message:
        try:
            return self._link.ask(request | {"test": self._test})
        except Gone:
            self._gone = True
            raise

    def _value(self, reply: Message, is_object: bool = False) -> Any:
        if "raised" in reply:
            raise self._exception(reply["raised"])(str(reply.get("message")))
        value = self._decoded(reply.get("value"))
        if isinstance(value, Remote) and is_object:
            object.__setattr__(value, "_is_object", True)
        return value

    def _encoded(self, value: Any) -> Any:
        return plain.encode(value, self._referred)

    def _referred(self, value: Any) -> Message:
        if isinstance(value, Remote):
            return {"object": object.__getattribute__(value, "_number")}
        name = getattr(value, "__name__", None)
        if isinstance(value, type | types.BuiltinFunctionType) and vars(builtins).get(str(name)) is value:
            return {"builtin": name}
        if isinstance(value, types.FunctionType | types.MethodType):
            self._callbacks.append(value)
            return {"callback": len(self._callbacks) - 1}
        raise Beside(f"they hand an object of class {type(value).__name__} to the program")

    def _decoded(self, data: Any) -> Any:
        try:
            return plain.decode(data, self._referent)
        except ValueError:
            raise Gone from None

    def _referent(self, data: Message) -> Any:
        number, callback = data.get("object"), data.get("callback")
        if isinstance(callback, int) and 0 <= callback < len(self._callbacks):
            return self._callbacks[callback]
        if not isinstance(number, int):
            raise ValueError("not plain data")
        if number not in self._remotes:
            self._remotes[number] = Remote(self, number, str(data.get("class")))
        return self._remotes[number]

    def _call_back(self, request: Message) -> Message:
        """The program calls a function that the tests have handed over."""
        number = request.get("callback")
        if not (isinstance(number, int) and 0 <= number < len(self._callbacks)):
            return {"raised": ["TypeError"], "message": "no such function"}
        args = self._decoded(request.get("args", []))
        kwargs = {str(name): self._decoded(argument) for name, argument in request.get("kwargs", {}).items()}
        try:
            return {"value": self._given_back(self._callbacks[number](*args, **kwargs))}
        except (Beside, Gone, MemoryError):
            raise
        except Exception as error:
            return {"raised": [type(error).__name__], "message": str(error)[:1000]}

    def _given_back(self, value: Any) -> Any:
        """A callback's result. Only what the tests make themselves asks for the weaker mode, not what a program's
        arguments make of `type(x)` or `x.real`."""
        try:
            return self._encoded(value)
        except Beside:
            if type(value).__module__ == NAME or hasattr(type(value), "__next__"):
                raise
            raise TypeError(f"a callback returned an object of class {type(value).__name__}") from None

    def _exception(self, names: Any) -> type[BaseException]:
        """A class of that name which extends the built-in one that the program's extends."""
        *own, base = [str(name)[:80] for name in names] or ["Exception"]
        kind = getattr(builtins, base, None)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            kind = Exception
        for name in reversed(own):
            kind = self._exceptions.setdefault(name, type(name, (kind,), {"__module__": program.NAME}))
        return kind


_MISSING = object()


class _Module(types.ModuleType):
    """`from solution import f`: the program as a module."""

    def __init__(self, tester: _Tester) -> None:
        super().__init__(SOLUTION)
        self.__tester = tester

    def __getattr__(self, name: str) -> Any:
        value = self.__tester.name(name)
        if value is _MISSING:
            raise AttributeError(name)
        return value


def _asking(what: str) -> Callable[..., Any]:
    return lambda self, *args: object.__getattribute__(self, "_tester").do(what, self, *args)


class Remote:
    """An object of the program's. Whether it equals plain data is never for the program to say: it doesn't."""

    _tester: _Tester

    def __init__(self, tester: _Tester, number: int, name: str) -> None:
        for field, value in (("_tester", tester), ("_number", number), ("_class", name), ("_is_object", False)):
            object.__setattr__(self, field, value)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Remote
        return object.__getattribute__(self, "_tester").do("getattr", self, name)

    __setattr__, __delattr__ = _asking("setattr"), _asking("delattr")
    __getitem__, __setitem__, __delitem__ = _asking("getitem"), _asking("setitem"), _asking("delitem")
    __len__, __bool__, __iter__, __next__ = _asking("len"), _asking("bool"), _asking("iter"), _asking("next")
    __repr__, __str__, __reversed__ = _asking("repr"), _asking("str"), _asking("reversed")
    __float__, __int__ = _asking("float"), _asking("int")

    def __contains__(self, member: Any) -> bool:
        """By the program's own word where the tests made the object; what a function returned, they look through."""
        read = object.__getattribute__
        if read(self, "_is_object"):
            return bool(read(self, "_tester").do("contains", self, member))
        return any(member is found or member == found for found in self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        read = object.__getattribute__
        return read(self, "_tester").do("call", self, *args, kwargs=kwargs, is_object=read(self, "_is_object"))

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Remote):
            return False
        return self is other or object.__getattribute__(self, "_tester").compare("eq", self, other) is True

    def __enter__(self) -> Any:
        return self.__enter__()

    def __exit__(self, *_: object) -> Any:
        return self.__exit__(None, None, None)

    def __instancecheck__(self, instance: object) -> bool:
        tester = object.__getattribute__(self, "_tester")
        return isinstance(instance, Remote) and tester.compare("isinstance", instance, self) is True

    def __subclasscheck__(self, other: object) -> bool:
        tester = object.__getattribute__(self, "_tester")
        return isinstance(other, Remote) and tester.compare("issubclass", other, self) is True


def _operator(what: str, swapped: bool = False) -> Callable[..., Any]:
    """An operator that the program is asked for: of two objects of its own, or of one that the tests have made.

    What a function returns in place of a number has no say in how it compares with one.
    """

    def operate(self: Remote, *others: Any) -> Any:
        read = object.__getattribute__
        if not all(isinstance(other, Remote) for other in others) and not read(self, "_is_object"):
            return NotImplemented
        operands = (*others, self) if swapped else (self, *others)
        return read(self, "_tester").compare(what, *operands, is_object=read(self, "_is_object"))

    return operate


for _name in ("lt", "le", "gt", "ge", "neg", "pos", "abs", "invert"):
    setattr(Remote, f"__{_name}__", _operator(_name))
for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
):
    _full = f"{_name}_" if _name in ("and", "or") else _name
    setattr(Remote, f"__{_name}__", _operator(_full))
    setattr(Remote, f"__r{_name}__", _operator(_full, swapped=True))


def _change(old: Any, new: Any) -> Any:
    """What an argument is after a call: itself, with what the program has made of it."""
    if type(old) is not type(new):
        return new
    match old:
        case list() if len(old) == len(new):
            old[:] = map(_change, old, new)
        case list():
            old[:] = new
        case dict():
            changed = {key: _change(old.get(key), value) for key, value in new.items()}
            old.clear()
            old.update(changed)
        case set():
            old.clear()
            old.update(new)
        case bytearray():
            old[:] = new
        case _:
            return new
    return old
