"""Hostile sizes: nothing large is computed, and whose text is too large depends on the reference alone."""

import contextlib

import pytest
from tests.cpu import cpu_at_most

from fairmark_graders.maths.equality import Leniency, decide
from fairmark_graders.maths.errors import TooComplex
from fairmark_graders.maths.tree import Call, Enclosed, Listed, Node, Number, Power, Product, Sum, Symbol

ALLOW = Leniency()
X = Symbol("x")


def power(*levels: int) -> Node:
    node: Node = Number(levels[-1])
    for level in reversed(levels[:-1]):
        node = Power(Number(level), node)
    return node


def sine_sum(ascending: bool, extra: int = 0) -> Node:
    exponents = range(1, 50) if ascending else range(49, 0, -1)
    return Sum((*(Call("sin", (Power(X, Number(k)),)) for k in exponents), Number(extra)))


def deep(levels: int) -> Node:
    node: Node = X
    for _ in range(levels):
        node = Call("sqrt", (Sum((Number(1), node)),))
    return node


HOSTILE = {
    "a tower against a number": (power(9, 9, 9, 9), Number(5)),
    "two towers": (power(9, 9, 9, 9, 9), power(9, 9, 9, 9, 8)),
    "forty levels": (power(*[2] * 40), Sum((power(*[2] * 40), Number(1)))),
    "a factorial": (Call("factorial", (Number(10**6),)), Number(5)),
    "a factorial of a tower": (Call("factorial", (power(10, 10, 10),)), Number(5)),
    "nested factorials": (Call("factorial", (Call("factorial", (Number(1000),)),)), Number(5)),
    "a binomial": (Call("binomial", (Number(10**9), Number(5 * 10**8))), Number(5)),
    "permutations": (Call("permutations", (Number(10**12), Number(10**11))), Number(5)),
    "a product of large powers": (Product(tuple(power(10 + k, 10**4) for k in range(200))), Number(5)),
    "a large power of a sum": (Power(Sum((X, Number(1))), Number(10**6)), X),
    "a sine of a tower": (Call("sin", (power(10, 10, 10),)), Number(0)),
    "many sines": (sine_sum(True), sine_sum(False)),
    "deep roots": (deep(45), deep(44)),
    "a tower of x": (Power(X, Power(X, Power(X, X))), X),
    "a root of a tower": (Call("root", (power(10, 10, 3), Number(2))), Number(1)),
    "a long list turned round": (
        Listed(tuple(map(Number, range(900)))),
        Listed(tuple(map(Number, range(899, -1, -1)))),
    ),
    "sets in a set": (
        Enclosed("{", tuple(Enclosed("{", tuple(Number(j * k) for j in range(9)), "}") for k in range(18)), "}"),
        Enclosed("{", tuple(Enclosed("{", tuple(Number(j * k) for j in range(9)), "}") for k in range(18, 0, -1)), "}"),
    ),
}


@pytest.mark.parametrize(("answer", "reference"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_size_takes_no_time(answer: Node, reference: Node) -> None:
    with cpu_at_most(0.25), contextlib.suppress(TooComplex):  # 40 ms at most on an idle machine
        decide(answer, reference, ALLOW)


def test_equal_towers_are_equal_whatever_their_size() -> None:
    assert decide(power(9, 9, 9, 9), power(9, 9, 9, 9), ALLOW).equal is True


@pytest.mark.parametrize("reference", [Number(5), power(9, 9, 9, 8)])
def test_a_tower_is_no_other_number(reference: Node) -> None:
    try:
        equal = decide(power(9, 9, 9), reference, ALLOW).equal
    except TooComplex as error:
        equal, of = None, error.of
        assert of == "answer"
    assert not equal


@pytest.mark.parametrize("large", [Sum((Number(1),) * 2001), deep(51)])
def test_a_reference_that_is_too_large_is_to_blame_whatever_the_answer(large: Node) -> None:
    for answer in (Number(5), large, X):
        with pytest.raises(TooComplex) as raised:
            decide(answer, large, ALLOW)
        assert raised.value.of == "reference"
    with pytest.raises(TooComplex) as raised:
        decide(large, Number(5), ALLOW)
    assert raised.value.of == "answer"


def test_a_difference_far_behind_the_point_is_found() -> None:
    root = Call("sqrt", (Number(2),))
    tiny = Power(Number(10), Number(-50))
    assert decide(Sum((root, tiny)), root, ALLOW).equal is False


def test_neighbours_of_a_large_number_differ() -> None:
    million = power(10, 5000)
    assert decide(Sum((million, Number(1))), million, Leniency(unevaluated=True)).equal is False
