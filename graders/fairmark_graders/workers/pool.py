"""Places for tasks, warm workers to run them, and the slow lane."""

import asyncio
import contextlib
import pickle
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

from ..cores import cores
from .clock import Limit
from .faults import Interrupted, OverLimit, WorkerLost
from .worker import Worker
from .zygote import Zygote

T = TypeVar("T")

SLOW_SECONDS = 0.05
"""Processor time after which a task is slow: most judgements take a millisecond, and fifty waited for is noticed."""

_FUNERAL_SECONDS = 1.0
"""What the zygote gets to ask for its children's ends in; it may be learning. Without it they are init's to ask for."""

_WAITING = 4
"""Tasks that wait for the slow lane, for each place: their memory is held, though after 50 ms that is not much yet."""

on_slow: ContextVar[Callable[[], object]] = ContextVar("on_slow", default=lambda: None)
"""Called when a task of this context goes to the slow lane, so that its caller, too, can make room for another."""


class Workers:
    """Runs up to `size` quick tasks at a time, and slow ones beside them.

    Belongs to the event loop that first uses it. Children start when first needed.
    """

    def __init__(self, size: int | None = None, memory: int = 1 << 30) -> None:
        """`size` defaults to the processors this process may use.

        `memory` is what one worker may take beyond what it has imported, in bytes of address space.
        """
        self.size = size or cores()
        self._memory = memory
        self._zygote = Zygote(memory)
        self._places = asyncio.Semaphore(self.size)
        self._lane = SlowLane(max(1, min(self.size, cores()) // 2), _WAITING * self.size)
        self._taken = self._starting = 0
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def start(self) -> None:
        """Have every worker ready. Raises `WorkerLost` when one can't start."""
        await asyncio.shield(self._spawn(self._fill()))

    async def settle(self) -> None:
        """Wait until no task runs and every worker has what any has imported."""
        while self._tasks:
            await asyncio.wait(self._tasks)  # unlike `gather` it cancels none of them when it is itself

    async def close(self) -> None:
        """Kill every worker; whoever waits for one gets `WorkerLost`. None is left when this returns."""
        self._closed = True
        self._idle.clear()
        for worker in self._all:
            self._discard(worker)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FUNERAL_SECONDS):
                await self.settle()
        self._zygote.close()
        await self.settle()
        await self._zygote.gone()

    async def run(self, function: Callable[..., T], *args: Any, cpu_seconds: float) -> T:
        """What `function(*args)` returns, or what it raises. Raises `OverLimit` or `WorkerLost` too.

        Waits for a place. A caller that is cancelled while waiting leaves the queue; one that is cancelled later leaves
        its task running, to its end or its limit.
        """
        message = _pickled(function, args)
        await self._places.acquire()
        self._taken += 1
        result: T = await asyncio.shield(self._spawn(self._run(message, cpu_seconds)))
        return result

    async def _run(self, message: bytes, cpu_seconds: float) -> Any:
        with ExitStack() as place:
            place.callback(self._leave)
            try:
                answer = await self._try(message, cpu_seconds, place)
            except Interrupted:  # a kill of an idle worker, or of what all are forked from, fails no task
                answer = await self._try(message, cpu_seconds, place)
        return self._opened(answer)

    async def _try(self, message: bytes, cpu_seconds: float, place: ExitStack) -> "_Answer":
        worker = await self._take()
        try:
            answer = _Answer(*pickle.loads(await self._answer(worker, message, cpu_seconds, place)))
            if answer.kind == "memory":
                worker.kill()  # who knows what was left half done
            return answer
        finally:
            self._put_back(worker)

    async def _answer(self, worker: Worker, message: bytes, cpu_seconds: float, place: ExitStack) -> bytes:
        try:
            return await worker.begin(message) or await self._watch(worker, cpu_seconds, place)
        except (OSError, EOFError) as error:
            raise await worker.lost() from error
        except BaseException:
            worker.kill()
            raise

    async def _watch(self, worker: Worker, cpu_seconds: float, place: ExitStack) -> bytes:
        answer = asyncio.ensure_future(worker.receive())
        limit = Limit(worker.pid, cpu_seconds)
        try:
            if await limit.outlasts(answer, SLOW_SECONDS):
                async with self._lane.turn(worker, limit, place):
                    await limit.outlasts(answer, cpu_seconds)
            return await answer
        finally:
            answer.cancel()

    def _opened(self, answer: "_Answer") -> Any:
        kind, value, imported = answer
        if imported:
            self._spawn(self._learn(imported))
        if kind == "memory":
            raise OverLimit(f"needed more than {self._memory >> 20} MiB of memory")
        if kind == "raised":
            raise value
        return value

    def _leave(self) -> None:
        """Give a place to the next task."""
        self._taken -= 1
        self._places.release()
        self._top_up()

    async def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                self._top_up()
                return worker
            self._discard(worker)
        return await self._fork()

    def _put_back(self, worker: Worker) -> None:
        if worker.worn or len(self._idle) > self.size:
            self._discard(worker)
        else:
            self._idle.append(worker)

    def _discard(self, worker: Worker) -> None:
        worker.kill()
        self._spawn(self._bury(worker))

    async def _bury(self, worker: Worker) -> None:
        await worker.bury()
        self._all.discard(worker)

    async def _fork(self) -> Worker:
        if not self._closed:
            worker = await Worker.fork(self._zygote)
            self._all.add(worker)
            if not self._closed:
                return worker
            self._discard(worker)
        raise WorkerLost("the workers are closed")

    def _top_up(self) -> None:
        """Start what is missing: a worker for each place, and a spare one for when a task leaves its place."""
        while not self._closed and self._missing > self._starting:
            self._starting += 1
            self._spawn(self._start_one())

    @property
    def _missing(self) -> int:
        return self.size + 1 - self._taken - len(self._idle)

    async def _start_one(self) -> None:
        try:
            await self._add()
        finally:
            self._starting -= 1

    async def _fill(self) -> None:
        while self._missing > 0:
            await self._add()

    async def _add(self) -> None:
        """A new worker waits until all others are busy: one that has worked has filled its caches."""
        self._idle.insert(0, await self._fork())

    async def _learn(self, modules: list[str]) -> None:
        """Have the zygote import what a worker had to, and exchange the idle workers that lack it."""
        if await self._zygote.learn(modules):
            old, self._idle = self._idle, []
            for worker in old:
                self._put_back(worker)
            self._top_up()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        """A failure is looked at here, or asyncio logs it when the caller is gone."""
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


class _Answer(NamedTuple):
    kind: str
    value: Any
    imported: list[str]


def _pickled(function: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps((function, args))
    except RecursionError:
        raise OverLimit("has arguments that nest too deeply to be handed over") from None


class SlowLane:
    """Where slow tasks go on, a few at a time; others wait for their turn, stopped."""

    def __init__(self, running: int, waiting: int) -> None:
        self._running, self._waiting = asyncio.Semaphore(running), asyncio.Semaphore(waiting)

    @asynccontextmanager
    async def turn(self, worker: Worker, limit: Limit, place: ExitStack) -> AsyncIterator[None]:
        """Stop a task until it is its turn; its place is given up as soon as it has one here, if only to wait."""
        with limit.standing():
            worker.stop()
            async with self._waiting:
                place.close()
                on_slow.get()()
                await self._running.acquire()
        try:
            worker.go_on()
            yield
        finally:
            self._running.release()
