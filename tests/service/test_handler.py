"""The one HTTP handler: patience, and callers who hang up."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.gated import Gated, judging

from fairmark_service.auth import UNSET, Keys, Limit
from fairmark_service.catalog import Entry, Snapshot
from fairmark_service.engine import Engine
from fairmark_service.errors import Overloaded
from fairmark_service.intake import Gone, Intake
from fairmark_service.limits import LimitReached, Limits
from fairmark_service.metrics import Metrics
from fairmark_service.protocols.native import NATIVE
from fairmark_service.protocols.protocol import Call, Handler

pytestmark = pytest.mark.anyio

ENTRY = Entry("g", Gated(), "g@1")  # type: ignore[arg-type]


class Caller:
    """A caller who sends one body, all of it or a part, and hangs up when told to."""

    def __init__(self, body: bytes, more_body: bool = False) -> None:
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": more_body})

    async def receive(self) -> Any:
        return await self._messages.get()

    def hang_up(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})


def batch(*texts: str, **more: Any) -> bytes:
    return orjson.dumps({"grader": "g", "samples": [{"sample": text} for text in texts], **more})


async def ask(
    engine: Engine, caller: Caller, patience: float = 60, *, limit: Limit = UNSET, patient: bool = False
) -> Any:
    limits = Limits(Keys(), limit, engine.metrics)
    protocol = replace(NATIVE, patience_seconds=patience, patient=patient)
    handler = Handler(protocol, engine, Intake(1 << 20, Metrics()), limits)
    call = Call(Snapshot({"g": ENTRY}), lambda configuration: ENTRY, "")
    return orjson.loads(await handler(call, {}, caller.receive))


async def test_a_caller_is_answered_when_its_judgements_are_done(engine: Engine) -> None:
    asked = asyncio.create_task(ask(engine, Caller(batch("a"))))
    await judging(1)
    Gated.gate.set()
    assert (await asked)["results"][0]["score"] == 1


async def test_a_caller_is_told_to_come_again_when_its_patience_is_over(engine: Engine) -> None:
    with pytest.raises(Overloaded, match=r"not done within 0\.3 s"):
        await ask(engine, Caller(batch("a")), patience=0.3)


async def test_what_had_started_is_there_for_the_callers_next_try(engine: Engine) -> None:
    with pytest.raises(Overloaded):
        await ask(engine, Caller(batch("a")), patience=0.3)
    Gated.gate.set()
    await engine.flights.drain()
    assert (await ask(engine, Caller(batch("a"))))["results"][0]["cached"]


async def test_nothing_queued_is_judged_for_a_caller_who_hung_up(engine: Engine) -> None:
    caller = Caller(batch(*"abcd"))
    asked = asyncio.create_task(ask(engine, caller))
    await judging(2)
    caller.hang_up()
    with pytest.raises(Gone):
        await asked
    Gated.gate.set()
    await engine.flights.drain()
    assert sorted(Gated.judged) == ["a", "b"]


async def test_a_caller_who_hangs_up_in_the_middle_of_its_body_is_let_go(engine: Engine) -> None:
    caller = Caller(b"{", more_body=True)
    caller.hang_up()
    with pytest.raises(Gone):
        await ask(engine, caller)


async def test_a_judged_case_is_explained(engine: Engine) -> None:
    Gated.gate.set()
    [result] = (await ask(engine, Caller(batch("a", explain=True))))["results"]
    assert result["explain"]["case"] == {"answer": "a", "reference": None}


def rejected(engine: Engine) -> dict[str, float]:
    """How many requests were refused, by what refused them."""
    value = engine.metrics.registry.get_sample_value
    reasons = {by: value("fairmark_rejected_total", {"by": by}) or 0 for by in ("patience", "rate", "quota")}
    return {by: count for by, count in reasons.items() if count}


async def test_a_caller_over_its_limit_is_refused_at_once(engine: Engine) -> None:
    with pytest.raises(LimitReached):
        await asyncio.wait_for(ask(engine, Caller(batch("a", "b")), limit=Limit(quota=1)), 10)
    assert rejected(engine) == {"quota": 1}


async def test_a_patient_caller_over_its_limit_is_refused_when_its_patience_is_over_and_counted_once(
    engine: Engine,
) -> None:
    began = time.monotonic()
    with pytest.raises(LimitReached):
        await ask(engine, Caller(batch("a", "b")), 0.3, limit=Limit(quota=1), patient=True)
    assert time.monotonic() - began >= 0.3
    assert rejected(engine) == {"quota": 1}


async def test_a_patient_caller_over_its_limit_may_hang_up(engine: Engine) -> None:
    caller = Caller(batch("a", "b"))
    asked = asyncio.create_task(ask(engine, caller, limit=Limit(quota=1), patient=True))
    await asyncio.sleep(0)
    caller.hang_up()
    with pytest.raises(Gone):
        await asyncio.wait_for(asked, 10)
    assert rejected(engine) == {}
