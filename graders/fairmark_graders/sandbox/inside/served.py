"""The program's side of mode `tester`: it is asked for its names, to call what they stand for, and for results.

What isn't plain data stays here under a number; the tests hold the number. A function that the tests hand over is
called there. An argument that was changed in place goes back with the reply.
"""

import builtins
import operator
from typing import Any

from . import plain, program
from .link import Link, Message

_OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift"),
    *("neg", "pos", "invert", "abs", "lt", "le", "gt", "ge", "eq", "getitem", "setitem", "delitem", "contains"),
)
_BUILTIN = (
    *("getattr", "setattr", "delattr", "len", "iter", "next", "bool", "str", "repr", "isinstance", "issubclass"),
    *("reversed", "float", "int"),
)
_DOES = {name: getattr(operator, name) for name in _OPERATORS} | {name: getattr(builtins, name) for name in _BUILTIN}
_CHANGEABLE = (list, dict, set, bytearray)


def _call(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


class Served:
    """A program that other code uses from afar."""

    def __init__(self, source: str, progress_fd: int, talk_fd: int) -> None:
        self._link = Link(talk_fd, self._reply)
        self._progress_fd, self._test = progress_fd, 0
        self._source, self._names = source, dict[str, Any]()
        self._objects: dict[int, Any] = {}

    def serve(self) -> None:
        """Until the other side has ended."""
        self._link.serve()

    def _reply(self, request: Message) -> Message:
        if request.get("test", 0) != self._test:
            self._test = request["test"]
            program.done(self._progress_fd)
        try:
            match request["do"]:
                case "load":
                    self._names = program.loaded(self._source)
                    return {"names": {name: self._named(name) for name in request["names"]}}
                case "name":
                    return self._named(request["name"])
            return self._done(_DOES.get(request["do"], _call), request)
        except MemoryError:
            raise
        except BaseException as error:
            return self._raised(error)

    def _named(self, name: str) -> Message:
        value = self._names.get(name)
        if isinstance(value, type) and issubclass(value, BaseException):
            return {"exception": _ancestors(value)}
        try:
            return {"value": self._encoded(value)} if name in self._names else {"missing": True}
        except plain.NotPlain:
            return {"missing": True}

    def _done(self, function: Any, request: Message) -> Message:
        args = [plain.decode(argument, self._object) for argument in request["args"]]
        kwargs = {name: plain.decode(argument, self._object) for name, argument in request["kwargs"].items()}
        before = self._changeable(args)
        value = function(*args, **kwargs)
        reply: Message = {"value": self._encoded(value)}
        if before and (after := self._changeable(args)) != before:
            reply["changed"] = after
        return reply

    def _changeable(self, args: list[Any]) -> Any:
        """Arguments as they are now, if any could change."""
        return self._encoded(args) if any(isinstance(argument, _CHANGEABLE) for argument in args) else None

    def _encoded(self, value: Any) -> Any:
        return plain.encode(value, self._referred)

    def _referred(self, value: Any) -> Message:
        if isinstance(value, _Callback):
            return {"callback": value.number}
        self._objects[id(value)] = value
        return {"object": id(value), "class": type(value).__name__[:80]}

    def _object(self, data: Message) -> Any:
        if "callback" in data:
            return _Callback(data["callback"], self)
        if "builtin" in data:
            return getattr(builtins, data["builtin"])
        return self._objects[data["object"]]

    def _raised(self, error: BaseException) -> Message:
        return {"raised": _ancestors(type(error)), "message": _message(error), "where": program.told(error)}

    def call_back(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function of the tests returns. Raises what it raised, by the name of a built-in class."""
        request = {
            "do": "callback",
            "callback": number,
            "args": [self._encoded(argument) for argument in args],
            "kwargs": {name: self._encoded(argument) for name, argument in kwargs.items()},
        }
        reply = self._link.ask(request)
        if "raised" in reply:
            raise getattr(builtins, reply["raised"][0], Exception)(reply["message"])
        return plain.decode(reply["value"], self._object)


class _Callback:
    """A function of the tests, in the program's hands."""

    def __init__(self, number: int, served: Served) -> None:
        self.number, self._served = number, served

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._served.call_back(self.number, args, kwargs)


def _ancestors(kind: type) -> list[str]:
    """The names of an exception's classes, up to the first that is Python's own."""
    names = []
    for ancestor in kind.__mro__:
        names.append(ancestor.__name__)
        if getattr(builtins, ancestor.__name__, None) is ancestor:
            break
    return names


def _message(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return ""
