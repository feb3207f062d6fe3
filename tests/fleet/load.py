"""Callers that go on until they are told to stop, each with the retries that its trainer's client has and no others."""

import asyncio
import itertools
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Self

import httpx

from fairmark_client import Client
from fairmark_graders import grade

SIMILARITY = {
    "type": "text_similarity",
    "name": "similarity",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "evaluation_metric": "fuzzy_match",
}
"""As in the shipped catalog."""


THINKING_SECONDS = 0.02
"""Between an answer and the next request, so that what is started meanwhile gets some of the processors."""


class Row(NamedTuple):
    """A sample and its item, and the score that is right."""

    sample: str
    item: dict[str, str]
    score: float | None


def rows(count: int) -> list[Row]:
    """Graded here, with as many different scores; one in eight takes a worker some milliseconds."""
    return [_row(number, 60 if number % 8 else 480) for number in range(count)]


def _row(number: int, length: int) -> Row:
    chance = random.Random(number)
    words = [str(chance.randrange(1000)) for _ in range(length)]
    kept = words[: chance.randrange(length)]
    sample, item = " ".join(words), {"reference_answer": " ".join(kept)}
    return Row(sample, item, grade(SIMILARITY, sample, item).score)


class Wrong(Exception):
    """A caller got something other than the one right answer."""


class Answer(NamedTuple):
    """What a caller has in the end, and what it took."""

    response: httpx.Response | None
    tries: int
    said: str
    """The last failure."""


class Rule(NamedTuple):
    """When a client comes again."""

    tries: int
    pause: float
    statuses: range | tuple[int, ...]
    errors: bool
    """Whether after a connection that broke, too."""


NEVER = Rule(1, 0, (), False)
OPENRLHF = Rule(5, 1.0, range(300, 600), True)
VERL = Rule(3, 1.0, (504,), False)


async def post(http: httpx.AsyncClient, rule: Rule, path: str, body: Any) -> Answer:
    """The last answer under a rule, if there was any."""
    for tries in itertools.count(1):
        response, again = None, rule.errors
        try:
            response = await http.post(path, json=body)
        except httpx.TransportError as error:
            said = repr(error)
        else:
            said, again = f"{response.status_code} {response.text[:200]}", response.status_code in rule.statuses
        if not again or tries == rule.tries:
            return Answer(response, tries, said)
        await asyncio.sleep(rule.pause)
    raise AssertionError("unreachable")


Caller = Callable[[httpx.AsyncClient, Sequence[Row]], Awaitable[int]]
"""Asks once and checks the answer; how many tries it took. Raises `Wrong`."""


def scores(answer: Answer, asked: Sequence[Row]) -> int:
    """The tries, where there is one right verdict for each row, in order."""
    if answer.response is None or answer.response.status_code != 200:
        raise Wrong(answer.said)
    found = [result["score"] for result in answer.response.json()["results"]]
    if found != [row.score for row in asked]:
        raise Wrong(f"expected {[row.score for row in asked]}, got {found}")
    return answer.tries


def batch(size: int, padding: int = 0) -> Caller:
    """A batch for a caller that never comes again; `padding` bytes of thinking in its first sample."""

    async def call(http: httpx.AsyncClient, known: Sequence[Row]) -> int:
        asked = random.choices(known, k=size)
        samples = [{"sample": row.sample, "item": row.item} for row in asked]
        samples[0]["sample"] = f"<think>{'a' * padding}</think>{asked[0].sample}"
        return scores(await post(http, NEVER, "/v1/grade", {"grader": "similarity", "samples": samples}), asked)

    return call


async def endpoint(http: httpx.AsyncClient, known: Sequence[Row]) -> int:
    """One sample, asked for as OpenRLHF asks."""
    row = random.choice(known)
    answer = await post(
        http, OPENRLHF, "/endpoint/similarity", {"sample": {"output_text": row.sample}, "item": row.item}
    )
    if answer.response is None or answer.response.json() != {"score": row.score}:
        raise Wrong(answer.said)
    return answer.tries


async def program(http: httpx.AsyncClient, known: Sequence[Row]) -> int:
    """One program of a tenth of a second, run as verl has it run."""
    number = random.randrange(1_000_000)
    body = {"code": f"import time; time.sleep(0.1); print({number} + 1)", "language": "python", "run_timeout": 10}
    answer = await post(http, VERL, "/run_code", body)
    if answer.response is None or answer.response.status_code != 200:
        raise Wrong(answer.said)
    if answer.response.json()["run_result"]["stdout"] != f"{number + 1}\n":
        raise Wrong(answer.response.text)
    return answer.tries


async def hook(http: httpx.AsyncClient, known: Sequence[Row]) -> int:
    """A group of rollouts through our own client, as the hooks send them."""
    asked = random.choices(known, k=32)
    client = Client(str(http.base_url).rstrip("/"))
    results = await client.agrade("similarity", [row.sample for row in asked], [row.item for row in asked])
    if [result.score for result in results] != [row.score for row in asked]:
        raise Wrong(str(results))
    return 1


class Load:
    """Callers at work for as long as the block lasts, in a thread of their own."""

    def __init__(self, url: str, callers: dict[str, Caller], known: Sequence[Row]) -> None:
        self.done: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        """Tries beyond the first."""
        self.wrong: list[str] = []
        self.callers = callers
        self._url, self._known = url, known
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def goes_on(self) -> Callable[[], bool]:
        """Whether every caller has had two answers more since this was called."""
        wanted = {name: self.done[name] + 2 for name in self.callers}
        return lambda: all(self.done[name] >= count for name, count in wanted.items())

    async def _run(self) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as http:
            await asyncio.gather(*(self._go_on(http, name, caller) for name, caller in self.callers.items()))

    async def _go_on(self, http: httpx.AsyncClient, name: str, caller: Caller) -> None:
        while not self._stop.is_set():
            try:
                self.again[name] += await caller(http, self._known) - 1
            except Exception as error:
                self.wrong.append(f"{name}: {error!r}")
            self.done[name] += 1
            await asyncio.sleep(THINKING_SECONDS)
