"""Whatever callers do, and whenever they go: lines, room and counts stay right."""

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fairmark_service.admission import Admission, Turn
from fairmark_service.flights import Flights
from fairmark_service.line import Line
from fairmark_service.metrics import Metrics
from fairmark_service.room import Room

SLOTS, QUEUE, BYTES = 2, 20, 30
KEYS, RUNS, SAMPLES = st.sampled_from("ab"), st.sampled_from([None, "r", "s"]), st.sampled_from("uvwxyz")
PLACES = st.integers(0, 50)


class OnLoop(RuleBasedStateMachine):
    """Tasks on an event loop of its own, which turns only when a rule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.tasks: list[asyncio.Task[Any]] = []

    def turn_once(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0))

    @rule()
    def time_passes(self) -> None:
        for _ in range(6):
            self.turn_once()

    @rule()
    def a_moment_passes(self) -> None:
        self.turn_once()

    @rule(place=PLACES)
    def somebody_goes(self, place: int) -> None:
        if self.tasks:
            self.tasks.pop(place % len(self.tasks)).cancel()

    def teardown(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.end()
        self.loop.close()

    def end(self) -> None:
        """Let what is left end, and look that nothing is held."""


class Judgements(OnLoop):
    """Callers of all lines who ask for the same and for other judgements, and go at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics = Metrics()
        self.admission = Admission({"workers": SLOTS}, QUEUE, self.metrics)
        self.flights = Flights(self.admission.turn)
        self.judging: list[asyncio.Event] = []

    async def judge(self, turn: Turn) -> None:
        async with self.admission.slot("g", "workers", turn) as slot:
            done = asyncio.Event()
            self.judging.append(done)
            await done.wait()
            slot.hand_on()

    async def ask(self, keys: list[str], line: Line, ahead: bool) -> None:
        await self.flights.join(dict.fromkeys(keys, self.judge), [line], ahead=ahead)

    @rule(
        keys=st.lists(SAMPLES, min_size=1, unique=True), key=KEYS, run=RUNS, patient=st.booleans(), ahead=st.booleans()
    )
    def somebody_asks(self, keys: list[str], key: str, run: str | None, patient: bool, ahead: bool) -> None:
        self.tasks.append(self.loop.create_task(self.ask(keys, Line(key, run, patient), ahead)))

    @rule(place=PLACES)
    def a_judgement_ends(self, place: int) -> None:
        if self.judging:
            self.judging.pop(place % len(self.judging)).set()

    @invariant()
    def no_more_are_judged_than_there_are_slots(self) -> None:
        assert len(self.judging) <= SLOTS

    def end(self) -> None:
        for _ in range(200):
            self.time_passes()
            for done in self.judging:
                done.set()
            self.judging.clear()
        held = [line for line in self.metrics.expose().decode().splitlines() if line.startswith(GAUGES)]
        assert len(held) == len(GAUGES)
        assert {line.split()[1] for line in held} == {"0.0"}
        assert (self.admission.waiting, self.flights._flying) == (0, {})
        assert not self.admission._slots["workers"]._lines


GAUGES = (
    'fairmark_waiting_judgements{place="workers"}',
    'fairmark_busy_slots{place="workers"}',
    "fairmark_slow_judgements",
)


class Bytes(OnLoop):
    """Callers who take room, wait for it, give it back and go at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(BYTES)
        self.held: list[tuple[str, int]] = []

    async def wait(self, key: str, amount: int) -> None:
        await self.room.wait(key, amount)
        self.held.append((key, amount))

    @rule(key=KEYS, amount=st.integers(1, 2 * BYTES))
    def somebody_waits(self, key: str, amount: int) -> None:
        self.tasks.append(self.loop.create_task(self.wait(key, amount)))

    @rule(key=KEYS, amount=st.integers(1, 2 * BYTES))
    def somebody_takes(self, key: str, amount: int) -> None:
        if self.room.take(key, amount):
            self.held.append((key, amount))

    @rule(place=PLACES)
    def somebody_gives(self, place: int) -> None:
        if self.held:
            self.room.give(*self.held.pop(place % len(self.held)))

    @invariant()
    def nobody_waits_for_what_fits(self) -> None:
        for key, line in self.room._waiting.items():
            waiting = [amount for future, amount in line.items() if not future.done()]
            assert not waiting or len(waiting) < len(line) or not self.room.fits(key, waiting[0])

    def end(self) -> None:
        for _ in range(200):
            self.time_passes()
            while self.held:
                self.room.give(*self.held.pop())
        assert (self.room.held, self.room._held_by, self.room._waiting) == (0, {}, {})


BRIEF = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestJudgements = Judgements.TestCase
TestJudgements.settings = BRIEF
TestBytes = Bytes.TestCase
TestBytes.settings = BRIEF
