"""The language of `calculate_output`: docs/formula.md, row by row, and against Python's own arithmetic."""

import math
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from fairmark_graders.formula import MAX_DEPTH, MAX_LENGTH, Formula, FormulaError, part_name

SCORES: Mapping[str, float] = {"a": 0.25, "b": 4.0, "zero": 0.0, "min": 7.0, "e": 3.0, "оценка": 2.0, "_1": 5.0}

ACCEPTED = [
    ("0.5 * a + 0.5 * b", 2.125),
    ("max(a + b, 1e-9)", 4.25),
    ("(a + b) / 2", 2.125),
    (" a\n+\tb ", 4.25),
    ("a - b - 1", -4.75),
    ("b / 2 / 2", 1.0),
    ("1 / 2", 0.5),
    ("a + b * 2", 8.25),
    ("2 * b ^ 2", 32.0),
    (".5 + 2. + 1e1 + 1E+1 + 50e-1", 27.5),
    ("007", 7.0),
    ("1e-999", 0.0),
    ("-2^2", -4.0),
    ("(-2)^2", 4.0),
    ("2^3^2", 512.0),
    ("2^-1", 0.5),
    ("2^-1^2", 0.5),
    ("2^-1*6", 3.0),
    ("-2*-3", 6.0),
    ("2 - -3", 5.0),
    ("--a", 0.25),
    ("+a", 0.25),
    ("-+-a", 0.25),
    ("zero^0", 1.0),
    ("zero^2", 0.0),
    ("b^0.5", 2.0),
    ("(-8)^3", -512.0),
    ("min(3)", 3.0),
    ("max(3)", 3.0),
    ("min(3, a, b)", 0.25),
    ("max(3, a, b)", 4.0),
    ("abs(-b)", 4.0),
    ("floor(2.7)", 2.0),
    ("floor(-2.5)", -3.0),
    ("ceil(2.1)", 3.0),
    ("ceil(-2.5)", -2.0),
    ("floor(1e300)", 1e300),
    ("ceil(1e300) * 2", 2e300),
    ("exp(zero)", 1.0),
    ("exp(-1000)", 0.0),
    ("1e-200 * 1e-200", 0.0),
    ("sqrt(b)", 2.0),
    ("sqrt(zero)", 0.0),
    ("log(1)", 0.0),
    ("log(exp(1))", 1.0),
    ("log(100) / log(10)", 2.0),
    ("log (1)", 0.0),
    ("min + 1", 8.0),
    ("min(min, 9)", 7.0),
    ("2 * e", 6.0),
    ("оценка * 2", 4.0),
    ("_1", 5.0),
    ("((a))", 0.25),
]

VALUE = r"expected a number, a name, a function or '\('"
NEXT = r"expected an operator \(\+ - \* / \^\)"

REFUSED = [
    ("", rf"character 1: {VALUE}, found the end"),
    ("   ", rf"character 4: {VALUE}, found the end"),
    ("()", rf"character 2: {VALUE}, found '\)'"),
    ("a +", rf"character 4: {VALUE}, found the end"),
    ("* a", rf"character 1: {VALUE}, found '\*'"),
    ("a // b", rf"character 4: {VALUE}, found '/'"),
    ("2a", rf"character 2: {NEXT} or the end, found 'a'"),
    ("a b", rf"character 3: {NEXT} or the end, found 'b'"),
    ("2(a)", rf"character 2: {NEXT} or the end, found '\('"),
    ("(a)(b)", rf"character 4: {NEXT} or the end, found '\('"),
    ("a(b)", "character 1: expected one of min, max, .* before '\\(', found 'a'"),
    ("pow(2, 3)", "character 1: expected one of min, max, .*, found 'pow'"),
    ("MIN(2, 3)", "character 1: expected one of min, max, .*, found 'MIN'"),
    ("2**3", r"character 2: .* found '\*\*' \(a power is written \^\)"),
    ("50%", rf"character 3: {NEXT} or the end, found '%'"),
    ("a > b", rf"character 3: {NEXT} or the end, found '>'"),
    ("a and b", rf"character 3: {NEXT} or the end, found 'and'"),
    ("a, b", rf"character 2: {NEXT} or the end, found ','"),
    ("(a, b)", rf"character 3: {NEXT} or '\)', found ','"),
    ("(a", rf"character 3: {NEXT} or '\)', found the end"),
    ("a)", rf"character 2: {NEXT} or the end, found '\)'"),
    ("min()", rf"character 5: {VALUE}, found '\)'"),
    ("min(a,)", rf"character 7: {VALUE}, found '\)'"),
    ("min(a b)", rf"character 7: {NEXT}, ',' or '\)', found 'b'"),
    ("min(a", rf"character 6: {NEXT}, ',' or '\)', found the end"),
    ("abs(a, b)", "character 1: expected 1 argument of abs, found 2"),
    ("log(8, 2)", "character 1: expected 1 argument of log, found 2"),
    ("{{ a }}", rf"character 1: {VALUE}, found '{{'"),
    ("'a'", rf"character 1: {VALUE}, found \"'\""),
    ("a.b", rf"character 2: {NEXT} or the end, found '\.'"),
    ("1.2.3", rf"character 4: {NEXT} or the end, found '\.3'"),
    ("1e", rf"character 2: {NEXT} or the end, found 'e'"),
    ("0x10", rf"character 2: {NEXT} or the end, found 'x10'"),
    ("1_000", rf"character 2: {NEXT} or the end, found '_000'"),
    ("1,000", rf"character 2: {NEXT} or the end, found ','"),
    ("٣", rf"character 1: {VALUE}, found '٣'"),
    ("a × b", rf"character 3: {NEXT} or the end, found '×'"),
    ("\ud800", rf"character 1: {VALUE}, found '\\ud800'"),
    ("1e999", "character 1: expected a number below 1.8e308, found '1e999'"),
    ("1/0", r"character 2: / of 1.0 and 0.0 has no finite value"),
    ("0/0", r"character 2: / of 0.0 and 0.0 has no finite value"),
    ("a + 1/(2 - 2)", r"character 6: / of 1.0 and 0.0 has no finite value"),
    ("9^9^9^9", r"character 4: \^ of 9.0 and 387420489.0 has no finite value"),
]

VALUELESS = [
    ("1 / zero", r"character 3: / of 1.0 and 0.0"),
    ("1 / -zero", r"character 3: / of 1.0 and -0.0"),
    ("zero / zero", r"character 6: / of 0.0 and 0.0"),
    ("zero ^ -1", r"character 6: \^ of 0.0 and -1.0"),
    ("(-2 * b) ^ (1 / 3)", r"character 10: \^ of -8.0 and 0.333"),
    ("b^b^b^b^b", r"character 4: \^ of 4.0 and 1.3"),
    ("exp(1000 * a * b)", "character 1: exp of 1000.0"),
    ("log(zero)", "character 1: log of 0.0"),
    ("log(-b)", "character 1: log of -4.0"),
    ("sqrt(-b)", "character 1: sqrt of -4.0"),
    ("b * 1e308", r"character 3: \* of 4.0 and 1e\+308"),
    ("b / 1e-308", r"character 3: / of 4.0 and 1e-308"),
    ("a * 1.7e308 * b + 1.7e308", r"character 17: \+ of 1.7e\+308"),
    ("-a * 1.7e308 * b - 1.7e308", r"character 18: - of -1.7e\+308"),
    ("min(1, b * 1e308)", r"character 10: \* of"),
    ("1 / (b * 1e308)", r"character 8: \* of"),
]


@pytest.mark.parametrize(("source", "result"), ACCEPTED)
def test_a_formula_has_its_value(source: str, result: float) -> None:
    value = Formula.parse(source)(SCORES)
    assert type(value) is float
    assert value == result


@pytest.mark.parametrize(("source", "message"), REFUSED)
def test_what_is_no_formula_is_refused_where_it_goes_wrong(source: str, message: str) -> None:
    with pytest.raises(FormulaError, match=f"^{message}"):
        Formula.parse(source)


@pytest.mark.parametrize(("source", "message"), VALUELESS)
def test_a_step_without_a_finite_value_is_named(source: str, message: str) -> None:
    formula = Formula.parse(source)
    with pytest.raises(FormulaError, match=f"^{message}.* has no finite value$"):
        formula(SCORES)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, None])
def test_a_value_that_is_missing_or_not_finite_is_refused_by_name(value: float | None) -> None:
    values = {} if value is None else {"a": value}
    with pytest.raises(FormulaError, match="expected a finite value of 'a'"):
        Formula.parse("min(a, 1)")(values)


def test_a_score_that_is_an_integer_is_reckoned_as_a_float() -> None:
    with pytest.raises(FormulaError, match="has no finite value"):
        Formula.parse("a * a")({"a": 10**200})


def test_a_score_that_is_true_counts_one() -> None:
    assert Formula.parse("a / 2")({"a": True}) == 0.5


def test_names_are_the_variables_without_the_functions() -> None:
    assert Formula.parse("max(a, b) + a * log(max)").names == {"a", "b", "max"}


def test_values_that_are_not_named_are_ignored() -> None:
    assert Formula.parse("a")({"a": 1.0, "b": math.nan}) == 1.0


def test_one_formula_can_be_called_again_with_other_values() -> None:
    formula = Formula.parse("2 * a")
    assert [formula({"a": 1.0}), formula({"a": 2.0}), formula({"a": 1.0})] == [2.0, 4.0, 2.0]


NESTED: list[Callable[[int], str]] = [
    lambda levels: "(" * levels + "a" + ")" * levels,
    lambda levels: "-" * levels + "a",
    lambda levels: "a^" * levels + "a",
    lambda levels: "abs(" * levels + "a" + ")" * levels,
]


@pytest.mark.parametrize("nested", NESTED)
def test_the_deepest_formula_allowed_is_reckoned(nested: Callable[[int], str]) -> None:
    assert Formula.parse(nested(MAX_DEPTH - 1))({"a": 1.0}) in (1.0, -1.0)


@pytest.mark.parametrize("nested", NESTED)
@pytest.mark.parametrize("levels", [MAX_DEPTH, 1_900])
def test_a_formula_nested_deeper_is_refused(nested: Callable[[int], str], levels: int) -> None:
    with pytest.raises(FormulaError, match="expected at most 100 levels of nesting"):
        Formula.parse(nested(levels))


def test_the_longest_formula_allowed_is_reckoned() -> None:
    source = "a" + "+a" * (MAX_LENGTH // 2 - 1) + " "
    assert len(source) == MAX_LENGTH
    assert Formula.parse(source)({"a": 1.0}) == MAX_LENGTH // 2


def test_a_longer_formula_is_refused() -> None:
    with pytest.raises(FormulaError, match="expected at most 10,000 characters, found 10,001"):
        Formula.parse("1" + " " * MAX_LENGTH)


@pytest.mark.parametrize("name", ["a", "_", "exact_match", "A1", "min", "оценка"])
def test_a_name_that_a_formula_can_say_is_taken_for_a_part(name: str) -> None:
    assert part_name(name) == name
    assert Formula.parse(f"1 * {name}").names == {name}


@pytest.mark.parametrize("name", ["my-grader", "1a", "", "a b", " a", "a\n", "a.b", "a!"])
def test_a_name_that_a_formula_cannot_say_is_refused_for_a_part(name: str) -> None:
    with pytest.raises(FormulaError, match="expected letters, digits and _ with no digit first"):
        part_name(name)


class Configuration(BaseModel):
    model_config = ConfigDict(frozen=True)

    calculate_output: Formula


def test_a_pydantic_field_reads_the_source() -> None:
    assert Configuration.model_validate_json('{"calculate_output": "a + 1"}').calculate_output({"a": 1}) == 2


def test_a_pydantic_field_takes_a_formula() -> None:
    formula = Formula.parse("a")
    assert Configuration(calculate_output=formula).calculate_output is formula


def test_a_pydantic_field_is_dumped_as_its_source() -> None:
    configuration = Configuration(calculate_output=Formula.parse("a  +1"))
    assert configuration.model_dump() == {"calculate_output": "a  +1"}
    assert configuration.model_dump_json() == '{"calculate_output":"a  +1"}'


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_pydantic_field_has_the_schema_of_a_string(mode: str) -> None:
    schema = TypeAdapter(Formula).json_schema(mode="validation" if mode == "validation" else "serialization")
    assert schema == {"type": "string"}


def test_a_bad_formula_in_a_pydantic_field_is_an_error_of_that_field() -> None:
    with pytest.raises(ValidationError) as raised:
        Configuration.model_validate({"calculate_output": "1 +"})
    (details,) = raised.value.errors()
    assert (details["loc"], details["type"]) == (("calculate_output",), "value_error")
    assert details["msg"].endswith("character 4: expected a number, a name, a function or '(', found the end")


@pytest.mark.parametrize("value", [True, 1, None, ["a"]])
def test_a_pydantic_field_refuses_what_is_no_string(value: object) -> None:
    with pytest.raises(ValidationError, match="Input should be a valid string"):
        Configuration.model_validate({"calculate_output": value})


def test_formulas_are_equal_by_source() -> None:
    assert Formula.parse("a+b") == Formula.parse("a+b")
    assert hash(Formula.parse("a+b")) == hash(Formula.parse("a+b"))
    assert Formula.parse("a+b") != Formula.parse("a + b")


def test_a_formula_survives_pickling() -> None:
    formula = Formula.parse("floor(min(a, 2.5)) ^ 2")
    assert pickle.loads(pickle.dumps(formula))({"a": 3.0}) == formula({"a": 3.0}) == 4.0


def test_every_row_of_the_page_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formula.md").read_text()
    rows = re.findall(r"^\| (`.+?`) \| (.+?) \|", page, re.MULTILINE)
    assert len(rows) > 30
    for expressions, result in rows:
        for source in re.findall("`(.+?)`", expressions):
            assert outcome(source, SCORES) == result, source


def outcome(source: str, values: Mapping[str, float]) -> str:
    """What docs/formula.md says in its second column."""
    try:
        formula = Formula.parse(source)
    except FormulaError:
        return "refused"
    try:
        return f"{formula(values):g}"
    except FormulaError:
        return "no value"


@dataclass(frozen=True)
class Tree:
    """An expression as text and as a value, which Python's own operators make; None where it has none."""

    text: str
    binding: int
    value: float | None


ATOM, POWER, SIGN, PRODUCT, SUM = 5, 4, 3, 2, 1


def value_of(reckon: Callable[..., float], *operands: Tree) -> float | None:
    values = [operand.value for operand in operands]
    if None in values:
        return None
    try:
        result = reckon(*values)
    except (ArithmeticError, ValueError):
        return None
    return float(result) if not isinstance(result, complex) and math.isfinite(result) else None


def wrap(tree: Tree, least: int) -> str:
    return tree.text if tree.binding >= least else f"({tree.text})"


def infix(left: Tree, symbol: str, right: Tree) -> Tree:
    binding, least_left, least_right, reckon = {
        "+": (SUM, SUM, PRODUCT, lambda x, y: x + y),
        "-": (SUM, SUM, PRODUCT, lambda x, y: x - y),
        "*": (PRODUCT, PRODUCT, SIGN, lambda x, y: x * y),
        "/": (PRODUCT, PRODUCT, SIGN, lambda x, y: x / y),
        "^": (POWER, ATOM, SIGN, lambda x, y: x**y),
    }[symbol]
    text = f"{wrap(left, least_left)} {symbol} {wrap(right, least_right)}"
    return Tree(text, binding, value_of(reckon, left, right))


def negated(operand: Tree) -> Tree:
    return Tree(f"-{wrap(operand, SIGN)}", SIGN, value_of(lambda x: -x, operand))


def called(name: str, operands: list[Tree]) -> Tree:
    reckon: Callable[..., float] = {
        "min": lambda *xs: min(xs),
        "max": lambda *xs: max(xs),
        "abs": lambda x: max(x, -x),
        "floor": lambda x: x // 1,
        "ceil": lambda x: -(-x // 1),
        "exp": lambda x: math.exp(x),
        "sqrt": lambda x: math.sqrt(x),
        "log": lambda x: math.log(x),
    }[name]
    operands = operands if name in ("min", "max") else operands[:1]
    text = f"{name}({', '.join(operand.text for operand in operands)})"
    return Tree(text, ATOM, value_of(reckon, *operands))


NUMBERS = st.one_of(st.integers(0, 12).map(float), st.floats(0, allow_infinity=False, allow_nan=False))
VALUES = {"a": 0.0, "b": 0.3, "c": -2.0, "d": 1e200}
LEAVES = st.one_of(
    NUMBERS.map(lambda number: Tree(repr(number), ATOM, number)),
    st.sampled_from([*VALUES.items()]).map(lambda named: Tree(named[0], ATOM, named[1])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(infix, inner, st.sampled_from("+-*/^"), inner),
        st.builds(negated, inner),
        st.builds(
            called,
            st.sampled_from(["min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=12,
)


# The deadlines are loose, since a busy machine is slow too; what they rule out is a formula that hangs.
@settings(deadline=10_000, max_examples=500)
@given(TREES)
def test_a_formula_agrees_with_pythons_arithmetic(tree: Tree) -> None:
    try:
        value: float | None = Formula.parse(tree.text)(VALUES)
    except FormulaError:
        value = None
    assert value == tree.value


PIECES = st.sampled_from([*"0123456789.eE+-*/^(), ab_\n%{²", "min(", "log(", "1e308", "**", "^9"])


@settings(deadline=10_000, max_examples=500)
@example("(" * MAX_LENGTH)
@example("9^" * (MAX_LENGTH // 2))
@example("min(" + "1," * (MAX_LENGTH // 2 - 4) + "1)")
@example("9" * MAX_LENGTH)
@example(" " * MAX_LENGTH)
@example("1e" + "9" * (MAX_LENGTH - 2))
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_is_reckoned_or_refused_at_once(source: str) -> None:
    try:
        formula = Formula.parse(source)
        value = formula(dict.fromkeys(formula.names, 3.0))
    except FormulaError:
        return
    assert math.isfinite(value)
