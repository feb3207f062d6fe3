"""Is a URL an endpoint grader that a job can rely on? Asked as OpenAI's and Azure's platform asks.

First each shape of body that may come, the same one up to four times; then an open loop: a rollout leaves when it is
due, however long the earlier ones take, and its time counts from then. What fails comes again up to three times, as the
platform's does, and is lost after that. What the platform leaves open (how long it waits between, what it does with a
score that is no number) is taken at its worst for the endpoint.
"""

import asyncio
import json
import math
import statistics
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import httpx

from fairmark_graders.sample import kind

from . import rollouts
from .answers import quantile, shown
from .rollouts import Rollout

CHECKS = {
    "shapes": "each shape of a body gets a score",
    "again": "the same body gets the same score",
    "number": "a score is one finite number",
    "right": "right answers earn more than wrong ones",
    "first": "the first try succeeds",
    "lost": "after three more, nothing is lost",
    "rate": "answers keep up with the rate",
    "size": "a row fits into a body of 1 MB",
}
TRIES = 4
"""The first and three more, which Azure documents before it drops a rollout."""
BETWEEN_SECONDS = (0.5, 1.0, 2.0)
"""Before each of them; what the platform does isn't documented."""
PLATFORM_SECONDS = 600.0
"""Azure's own patience; each second of it is billed."""
MOST_WAITING = 1000
"""Rollouts that may wait at once; an endpoint that is so far behind never catches up."""
_LARGEST_ANSWER = 100_000
_KEY = 8
"""Characters from which a value of the URL's query may be a key."""
_FIRST_TRY, _KEPT_UP = 0.01, 0.9
"""The share of first tries that may fail, and the share of the rate that has to be reached."""
_PACED = 0.9
"""The share of answers whose pace counts, from the first: one late at the end says nothing about the rest."""
_EACH = 10
"""Rows that are sent four times, and with a wrong answer."""


class Load(NamedTuple):
    """How fast, and for how long."""

    rate: float
    """Rollouts a second; Azure asks an endpoint to stand 50."""
    rollouts: int
    timeout_seconds: float = 60.0


class Answer(NamedTuple):
    """What came back to one try."""

    score: float | None
    status: str
    """HTTP's, or what happened instead."""
    seconds: float
    problem: str | None = None
    """What is wrong with it."""


class Problem(NamedTuple):
    """One thing that is wrong, under the name of its check."""

    check: str
    line: int | None
    said: str


class EndpointCheck:
    """One endpoint and what came of it so far."""

    def __init__(
        self,
        url: str,
        rows: Sequence[Rollout],
        load: Load,
        headers: Mapping[str, str] | None = None,
        *,
        made_up: bool = False,
    ) -> None:
        """`rows` are sent in turns; `headers` go along with each.

        What right answers earn isn't looked at where rows are made up: the endpoint may look for them elsewhere.
        """
        self.made: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        """Tries by HTTP status, or by what happened instead."""
        self.seconds = array("d")
        """What each try took under load, from when it was due; one without an answer, the time it was given."""
        self.late = 0.0
        """Seconds by which rollouts left too late, but for the worst tenth: this process can't send any faster."""
        self.rate: float | None = None
        """Rollouts answered a second under load."""
        self.right: float | None = None
        """What right answers earn on average."""
        self.wrong: float | None = None
        self._url, self._rows, self._load, self._headers = url, rows, load, dict(headers or {})
        self._made_up, self._secrets = made_up, _secrets(url, self._headers)
        self._scores: defaultdict[int, set[float]] = defaultdict(set)
        self._problem: Callable[[Problem], object] = lambda problem: None

    async def run(self, problem: Callable[[Problem], object], step: Callable[[], object]) -> None:
        """Make every check; `problem` is told at once of what is wrong, `step` of each rollout under load."""
        self._problem = problem
        local = httpx.URL(self._url).host in ("localhost", "127.0.0.1", "::1")
        limits = httpx.Limits(max_connections=MOST_WAITING, max_keepalive_connections=100)
        async with httpx.AsyncClient(limits=limits, timeout=None, trust_env=not local) as http:
            self._http = http
            if await self._shapes():
                await self._worth()
                await self._loaded(step)

    def fails(self, check: str) -> bool:
        """Whether a check fails."""
        return self.failed[check] > (self.made[check] * _FIRST_TRY if check == "first" else 0)

    async def _shapes(self) -> bool:
        """Whether any of the shapes got a score: else there is nothing to load."""
        row = self._rows[0]
        body = row.body()
        sample, item = body["sample"], body["item"]
        shapes = {
            "a right answer": body,
            "an empty answer": row.body(""),
            "no trace_id": {"sample": sample, "item": item},
            "an answer's text alone": {"sample": {"output_text": row.answer}, "item": item},
            "other keys of the sample null": {**body, "sample": {**dict.fromkeys(sample), "output_text": row.answer}},
            "keys that are new": {**body, "new": 1, "sample": {**sample, "new": {}}},
            "an item without what the platform adds": {**body, "item": _plain(item)},
            "a body of 1 MB": rollouts.large(row),
        }
        found = []
        for name, shape in shapes.items():
            answer = await self._try(shape)
            self._count("shapes", row.line, answer.score is None and f"{name}: {answer.problem}")
            found.append(answer.score)
        return any(score is not None for score in found)

    async def _worth(self) -> None:
        """Send some rows up to four times, then with another row's answer."""
        rows = self._rows[:: max(1, len(self._rows) // _EACH)][:_EACH]
        right, wrong = list[float](), list[float]()
        for row in rows:
            body = row.body()
            scores = [(await self._try(body)).score for _ in range(TRIES)]
            told = [score for score in scores if score is not None]
            self._count("again", row.line, len({*told}) > 1 and f"the same body four times scores {_list(told)}")
            right += told[:1]
            if other := next((other.answer for other in self._rows if other.answer != row.answer), None):
                answer = await self._try(row.body(other))
                wrong += [] if answer.score is None else [answer.score]
        self._compare(right, wrong)

    def _compare(self, right: Sequence[float], wrong: Sequence[float]) -> None:
        if right and wrong and not self._made_up:
            self.right, self.wrong = statistics.fmean(right), statistics.fmean(wrong)
            said = f"right answers earn {self.right:.3g} on average, other rows' {self.wrong:.3g}"
            self._count("right", None, self.right <= self.wrong and said)

    async def _loaded(self, step: Callable[[], object]) -> None:
        """Send rollouts at their rate, whatever becomes of them."""
        del self.seconds[:]
        began, waiting, ends, late = time.perf_counter(), set[asyncio.Task[None]](), array("d"), array("d")
        for number in range(self._load.rollouts):
            due = began + number / self._load.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            late.append(time.perf_counter() - due)
            if len(waiting) >= MOST_WAITING:
                self._count("rate", None, f"{MOST_WAITING:,} rollouts were waiting after {number:,}; no more were sent")
                break
            task = asyncio.create_task(self._rollout(self._rows[number % len(self._rows)], due, ends))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
            task.add_done_callback(lambda _: step())
        await asyncio.gather(*waiting)
        self.late = quantile(late, _PACED)
        self._keep_up(ends)
        self._compare_scores()

    async def _rollout(self, row: Rollout, due: float, ends: "array[float]") -> None:
        body = row.body()
        size = len(json.dumps(body, ensure_ascii=False).encode())
        self._count("size", row.line, size > rollouts.LARGEST and f"the body has {size:,} bytes")
        answer = await self._try(body, due)
        self._count("first", row.line, answer.score is None and f"{answer.problem}")
        for pause in BETWEEN_SECONDS:
            if answer.score is not None:
                break
            await asyncio.sleep(pause)
            answer = await self._try(body)
        self._count("lost", row.line, answer.score is None and f"lost: {answer.problem}")
        ends.append(time.perf_counter())
        if answer.score is not None:
            self._scores[row.line].add(answer.score)

    def _keep_up(self, ends: "array[float]") -> None:
        """Compare the pace of answers with that of rollouts; what all take alike doesn't slow it, nor the last few."""
        ordered = sorted(ends)
        counted = max(1, int(_PACED * (len(ordered) - 1)))
        if len(ordered) > 1 and (took := ordered[counted] - ordered[0]) > 0:
            self.rate = min(counted / took, self._load.rate)
            said = f"{self.rate:.1f} a second were answered, of {self._load.rate:g}"
            self._count("rate", None, self.rate < self._load.rate * _KEPT_UP and said)

    def _compare_scores(self) -> None:
        for line, scores in self._scores.items():
            self._count("again", line, len(scores) > 1 and f"the same rollout under load scores {_list([*scores])}")

    async def _try(self, body: Any, due: float | None = None) -> Answer:
        began = time.perf_counter() if due is None else due
        try:
            async with asyncio.timeout(self._load.timeout_seconds):
                status, data = await self._post(json.dumps(body, ensure_ascii=False).encode())
        except TimeoutError:
            return self._failed("timeout", began, f"no answer within {self._load.timeout_seconds:g} s")
        except httpx.HTTPError as error:
            return self._failed(type(error).__name__, began, f"{type(error).__name__}: {error}")
        return self._answered(status, data, time.perf_counter() - began)

    def _failed(self, status: str, began: float, problem: str) -> Answer:
        seconds = time.perf_counter() - began
        self.statuses[status] += 1
        if status == "timeout":
            self.seconds.append(seconds)
        return Answer(None, status, seconds, problem)

    def _answered(self, status: int, data: bytes, seconds: float) -> Answer:
        self.statuses[str(status)] += 1
        self.seconds.append(seconds)
        if status != 200:
            return Answer(None, str(status), seconds, f"HTTP {status}: {shown(self._public(data).decode())}")
        try:
            score = _score(data)
        except ValueError:
            problem = _problem(self._public(data))
            self._count("number", None, problem)
            return Answer(None, "200", seconds, problem)
        self._count("number", None, False)
        return Answer(score, "200", seconds)

    def _public(self, data: bytes) -> bytes:
        """An answer as text, without the secrets that it may repeat."""
        text = data.decode(errors="replace")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text.encode()

    async def _post(self, content: bytes) -> tuple[int, bytes]:
        headers = {"content-type": "application/json", **self._headers}
        data = bytearray()
        async with self._http.stream("POST", self._url, content=content, headers=headers) as answer:
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > _LARGEST_ANSWER:
                    break
        return answer.status_code, bytes(data)

    def _count(self, check: str, line: int | None, problem: str | bool) -> None:
        self.made[check] += 1
        if problem:
            self.failed[check] += 1
            self._problem(Problem(check, line, str(problem)))


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """Quantiles in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: quantile(seconds, share) * 1000 for name, share in shares.items()} if seconds else {}


def _secrets(url: str, headers: Mapping[str, str]) -> list[str]:
    """What was sent and must not be printed, the longest first; Azure's functions have their key in the query."""
    words = [word for value in headers.values() for word in (value, value.split()[-1])]
    queried = [value for value in httpx.URL(url).params.values() if len(value) >= _KEY]
    return sorted({*words, *queried}, key=len, reverse=True)


def _problem(data: bytes) -> str:
    """What is wrong with an answer that holds no score."""
    try:
        return f'expected {{"score": x}}, got {_score(data):g}'
    except ValueError as error:
        return str(error)


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("messages", "tools", "parallel_tool_calls")}


def _score(data: bytes) -> float:
    """The score in an answer. A ValueError says what else it is."""
    try:
        answer = json.loads(data, parse_constant=_no_constant)
    except json.JSONDecodeError:
        raise ValueError(f'expected {{"score": x}}, got {shown(data.decode(errors="replace"))}') from None
    if not isinstance(answer, dict) or "score" not in answer:
        raise ValueError(f'expected {{"score": x}}, got {shown(answer)}')
    score = answer["score"]
    if type(score) not in (int, float):
        raise ValueError(f"score: expected a number, got {kind(score)}")
    if not math.isfinite(score):
        raise ValueError("score: expected a finite number, got one beyond 1.8e308")
    return float(score)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"score: expected a finite number, got {name}")


def _list(scores: Sequence[float]) -> str:
    return ", ".join(f"{score:g}" for score in scores)
