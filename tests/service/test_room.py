"""Room that callers share, of which none can have all."""

import asyncio

import pytest

from fairmark_service.room import Room

pytestmark = pytest.mark.anyio


def filled(room: Room, who: str) -> int:
    """What a caller gets of it who takes all it can, one by one."""
    count = 0
    while room.take(who, 1):
        count += 1
    return count


async def waiting(room: Room, who: str, amount: int) -> "asyncio.Task[None]":
    task = asyncio.create_task(room.wait(who, amount))
    await asyncio.sleep(0)
    return task


async def settled(*tasks: "asyncio.Task[None]") -> list[bool]:
    """Which of them have what they waited for."""
    for _ in range(3):
        await asyncio.sleep(0)
    return [task.done() and not task.cancelled() for task in tasks]


def test_one_caller_alone_gets_two_thirds() -> None:
    assert filled(Room(900), "a") == 600


def test_a_newcomer_beside_it_gets_two_ninths() -> None:
    room = Room(900)
    filled(room, "a")
    assert filled(room, "b") == 200


def test_there_is_some_left_for_the_next_ones_too() -> None:
    room = Room(900)
    assert [filled(room, who) for who in "abcd"] == [600, 200, 66, 22]


def test_who_holds_more_than_the_others_gets_nothing_until_it_has_given_back() -> None:
    room = Room(900)
    filled(room, "a")
    filled(room, "b")
    room.give("a", 100)
    assert not room.take("a", 1)
    assert room.take("b", 1)


def test_what_is_held_is_never_more_than_there_is() -> None:
    room = Room(100)
    for who in map(str, range(200)):
        filled(room, who)
    assert room.held <= 100


def test_empty_room_takes_one_request_of_any_size() -> None:
    room = Room(10)
    assert room.take("a", 1000)
    assert not room.take("b", 1)


def test_who_takes_nothing_always_may() -> None:
    room = Room(10)
    room.take("a", 1000)
    assert room.take("a", 0)


def test_what_does_not_fit_takes_nothing() -> None:
    room = Room(10)
    room.take("a", 5)
    assert not room.take("a", 5)
    assert room.held == 5


async def test_who_waits_is_let_in_when_there_is_room() -> None:
    room = Room(9)
    filled(room, "a")
    waits = await waiting(room, "a", 2)
    room.give("a", 1)
    assert await settled(waits) == [False]
    room.give("a", 1)
    assert await settled(waits) == [True]
    assert room.held == 6


async def test_callers_wait_in_order_of_arrival_each_and_not_for_one_another() -> None:
    room = Room(9)
    filled(room, "a")
    large, small, other = await waiting(room, "a", 4), await waiting(room, "a", 1), await waiting(room, "b", 2)
    room.give("a", 1)
    assert await settled(large, small, other) == [False, False, True]
    room.give("a", 5)
    room.give("b", 2)
    assert await settled(large, small) == [True, True]


async def test_who_gives_up_waiting_takes_nothing_with_it() -> None:
    room = Room(9)
    filled(room, "a")
    gives_up, waits = await waiting(room, "a", 1), await waiting(room, "a", 1)
    gives_up.cancel()
    room.give("a", 6)
    assert await settled(gives_up, waits) == [False, True]
    assert room.held == 1


async def test_who_gives_up_in_the_moment_it_is_let_in_gives_it_back() -> None:
    room = Room(9)
    filled(room, "a")
    waits = await waiting(room, "a", 1)
    room.give("a", 6)
    waits.cancel()
    await settled(waits)
    assert room.held == 0


async def test_who_comes_later_does_not_pass_one_of_the_same_caller_that_waits() -> None:
    room = Room(9)
    filled(room, "a")
    large = await waiting(room, "a", 5)
    room.give("a", 2)
    small = await waiting(room, "a", 1)
    assert await settled(large, small) == [False, False]
    room.give("a", 3)
    assert await settled(large, small) == [True, False]


async def test_who_stood_behind_one_that_gives_up_is_let_in_at_once() -> None:
    room = Room(9)
    filled(room, "a")
    room.give("a", 2)
    large, small = await waiting(room, "a", 5), await waiting(room, "a", 1)
    large.cancel()
    assert await settled(large, small) == [False, True]
