"""verl's sandbox client: a request for every test of every program, a new connection for every request."""

import random
from collections.abc import Iterator

import orjson

from .. import poisons
from ..driver import Request, closed
from ..figures import Figure
from ..markdown import duration
from ..trial import Report, Trial

CALLERS = 512
_PROGRAM = "a, b = map(int, input().split())\nprint(a * {factor} + b)\n"


async def programs(trial: Trial) -> Report:
    """512 callers of /run_code, 10 to 20 tests a program, a request and a new connection for each test (verl)."""
    requests = list(tests(5, samples=round(trial.spend(5, 300)), poisoned=trial.poisoned))
    report = Report()
    load, cpu = await trial.metered(closed(trial.server, iter(requests), CALLERS, trial.spend(20, 120), fresh=True))
    report.count(load)
    honest = [answer for answer in load.answers if not answer.poison]
    seconds = max((answer.ended for answer in honest), default=load.ended) - load.began
    report.figures = [
        Figure("runs", [len(load.answers) / load.seconds], "runs/s"),
        Figure("the last honest run's end", [seconds], "s"),
        Figure("CPU, all processes", [cpu / len(load.answers) * 1e6], "µs/run"),
    ]
    report.timed("a run", load)
    rate, each = f"{len(load.answers) / load.seconds:,.0f} runs/s", f"{duration(cpu / len(load.answers))} a run"
    report.traffic("`f` 512 callers of `/run_code`", load, rate, each)
    return report


def tests(seed: int, samples: int, poisoned: int) -> Iterator[Request]:
    """A request for each test of so many programs; every so manyth test's program is a hostile one."""
    chance, place = random.Random(seed), 0
    for _ in range(samples):
        factor = chance.randrange(1000)
        for _ in range(chance.randrange(10, 21)):
            place += 1
            yield _poison(place // poisoned, chance) if place % poisoned == poisoned // 4 else _honest(factor, chance)


def _honest(factor: int, chance: random.Random) -> Request:
    a, b = chance.randrange(1000), chance.randrange(1000)
    body = _body(_PROGRAM.format(factor=factor), f"{a} {b}\n", run_timeout=10)
    return Request("/run_code", body, "run", b'"stdout":"%d\\n"' % (a * factor + b), 1)


def _poison(turn: int, chance: random.Random) -> Request:
    name, program = poisons.program(turn, chance)
    return Request("/run_code", _body(program, "", run_timeout=1), poisons.PREFIX + name)


def _body(code: str, stdin: str, run_timeout: float) -> bytes:
    """As verl 0.9.1 sends it."""
    limits = {"compile_timeout": 10, "run_timeout": run_timeout, "memory_limit_MB": 1024}
    return orjson.dumps(limits | {"code": code, "stdin": stdin, "language": "python", "files": {}, "fetch_files": []})
