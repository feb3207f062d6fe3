"""What holds for every pair of trees, on made-up ones."""

import contextlib
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fairmark_graders.maths import tree
from fairmark_graders.maths.equality import Leniency, decide
from fairmark_graders.maths.errors import TooComplex
from fairmark_graders.maths.tree import Node, Number, Power, Product, Quotient, Sum, Symbol

ALLOW = Leniency()
STRICT = Leniency(**{name: name == "unevaluated" for name in Leniency.model_fields})

integers = st.integers(-50, 50)
rationals = st.fractions(-50, 50, max_denominator=20)
numbers = rationals.map(Number)
letters = st.sampled_from("xyzabn").map(Symbol)
names = st.sampled_from(
    ["sqrt", "sin", "ln", "log", "abs", "factorial", "floor", "f", "integral", "gcd", "root", "max"]
)


def larger(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(parts, min_size=2, max_size=3).map(tuple)
    few = st.lists(parts, min_size=1, max_size=3).map(tuple)
    signs = st.sampled_from(["=", "<", "<=", ">", "!=", "in", "~"])
    return st.one_of(
        st.builds(Sum, some),
        st.builds(Product, some, st.booleans()),
        st.builds(Quotient, parts, parts),
        st.builds(Power, parts, parts),
        st.builds(tree.Negative, parts),
        st.builds(tree.PlusMinus, few.map(lambda terms: terms[:1]), parts),
        st.builds(tree.Call, names, few),
        st.builds(tree.Measure, parts, st.sampled_from(["cm", "%", "degree", "$", "apples", "°C"])),
        st.builds(tree.Enclosed, st.sampled_from("([{<"), few, st.sampled_from(")]}>")),
        st.builds(lambda row: tree.Matrix((row, row)), some),
        st.builds(tree.Listed, some),
        st.builds(tree.Alternatives, some),
        st.builds(tree.Ratio, some),
        st.builds(lambda a, sign, b: tree.Relation((a, b), (sign,)), parts, signs, parts),
        st.builds(tree.SetOf, parts, few),
        st.builds(tree.Combined, st.sampled_from(["union", "intersection", "difference"]), some),
        st.builds(tree.Given, parts, few),
        st.builds(lambda a, b, c: tree.Cases(((a, b), (c, None))), parts, parts, parts),
        st.builds(tree.Choice, st.sampled_from("ABC"), st.none() | parts),
    )


leaves = st.one_of(
    numbers,
    st.integers(-(10**30), 10**30).map(Number),
    letters,
    st.sampled_from(["pi", "e", "i", "infinity", "Reals", "Empty", "Integers", "B"]).map(Symbol),
    st.builds(tree.Based, st.sampled_from(["101", "FF", "12"]), st.sampled_from([2, 8, 16, 99])),
    st.sampled_from(["yes", "no solution", "even", "x"]).map(tree.Words),
)
trees = st.recursive(leaves, larger, max_leaves=12)

polynomials = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), rationals.filter(bool), min_size=1, max_size=5
)


def written(terms: dict[tuple[int, int], Fraction]) -> Node:
    """A polynomial in x and y, term by term."""
    parts = [
        Product((Number(factor), Power(Symbol("x"), Number(a)), Power(Symbol("y"), Number(b))))
        for (a, b), factor in terms.items()
    ]
    return Sum((*parts, Number(0)))


def nested(terms: dict[tuple[int, int], Fraction]) -> Node:
    """The same by Horner's scheme in x."""
    result: Node = Number(0)
    for power in range(4, -1, -1):
        inner = written({(0, b): factor for (a, b), factor in terms.items() if a == power} or {(0, 0): Fraction(0)})
        result = Sum((Product((result, Symbol("x"))), inner))
    return result


@settings(max_examples=300, deadline=None)
@given(trees, trees)
def test_any_two_trees_get_a_decision_or_are_too_complex(answer: Node, reference: Node) -> None:
    with contextlib.suppress(TooComplex):
        decision = decide(answer, reference, ALLOW)
        assert decision.equal or (decision.reason and not decision.lenient)


@settings(max_examples=100, deadline=None)
@given(trees)
def test_every_tree_is_itself(node: Node) -> None:
    assert decide(node, node, STRICT).equal is True


@settings(max_examples=100, deadline=None)
@given(trees, trees)
def test_a_decision_repeats(answer: Node, reference: Node) -> None:
    def outcome() -> object:
        try:
            return decide(answer, reference, ALLOW)
        except TooComplex as error:
            return str(error)

    assert outcome() == outcome()


@given(rationals, rationals)
def test_numbers_are_equal_when_their_values_are(left: Fraction, right: Fraction) -> None:
    assert decide(Number(left), Number(right), STRICT).equal is (left == right)
    quotient = Quotient(Number(left.numerator * 7), Number(left.denominator * 7))
    assert decide(quotient, Number(right), STRICT).equal is (left == right)


@settings(deadline=None)
@given(polynomials)
def test_a_polynomial_is_equal_to_itself_written_otherwise(terms: dict[tuple[int, int], Fraction]) -> None:
    assert decide(nested(terms), written(terms), STRICT).equal is True


@settings(deadline=None)
@given(polynomials, polynomials)
def test_two_polynomials_are_equal_only_term_by_term(
    left: dict[tuple[int, int], Fraction], right: dict[tuple[int, int], Fraction]
) -> None:
    assert decide(nested(left), written(right), STRICT).equal is (left == right)


@settings(deadline=None)
@given(polynomials, st.data())
def test_a_changed_coefficient_makes_another_polynomial(
    terms: dict[tuple[int, int], Fraction], data: st.DataObject
) -> None:
    at = data.draw(st.sampled_from(sorted(terms)))
    change = data.draw(st.sampled_from([Fraction(1), Fraction(1, 10**6), Fraction(2**61 - 1), Fraction(-(10**40))]))
    changed = terms | {at: terms[at] + change}
    assert decide(nested(changed), written(terms), STRICT).equal is False


@given(st.integers(0, 400), st.integers(0, 400), st.integers(2, 400), st.integers(2, 400))
def test_surds_are_equal_when_their_squares_are(a: int, b: int, m: int, n: int) -> None:
    def surd(factor: int, of: int) -> Node:
        return Product((Number(factor), tree.Call("sqrt", (Number(of),))))

    assert decide(surd(a, m), surd(b, n), STRICT).equal is (a * a * m == b * b * n)


def alike(left: Node, right: Node) -> tuple[bool | None, bool | None]:
    return decide(left, right, STRICT).equal, decide(right, left, STRICT).equal


values = st.recursive(
    numbers | letters | st.just(Symbol("pi")),
    lambda parts: st.one_of(
        st.builds(lambda a, b: Sum((a, b)), parts, parts),
        st.builds(lambda a, b: Product((a, b)), parts, parts),
        st.builds(Quotient, parts, parts),
        st.builds(lambda a, n: Power(a, Number(n)), parts, st.integers(-3, 5)),
        st.builds(lambda a: tree.Call("sqrt", (a,)), parts),
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(values, values)
def test_values_are_equal_either_way_round(left: Node, right: Node) -> None:
    forth, back = alike(left, right)
    assume(forth is not None and back is not None)
    assert forth is back


@pytest.mark.parametrize(
    "change", [lambda node: Sum((node, Number(1))), lambda node: Product((node, Number(2), Symbol("q")))]
)
@settings(max_examples=50, deadline=None)
@given(node=values)
def test_one_more_is_never_equal(change: Callable[[Node], Node], node: Node) -> None:
    assume(decide(node, Number(0), STRICT).equal is False)
    assert decide(change(node), node, STRICT).equal is not True
