"""What a mathematical text says, as a tree.

The reader keeps what is written: `\\frac{2}{4}` is a quotient of 2 and 4, `2x` a product, and nothing is reduced,
reordered or evaluated. What a shape means (an open interval or a point, Euler's number or a variable) is for
`equality` to say, which sees both texts.

    1,000.50                Number(2001/2, decimals=2)       -3           Negative(Number(3))
    0.\\overline{3}          Number(1/3)                      2\\frac{1}{2} Number(5/2, mixed=True)
    1010_2                  Based("1010", 2)                 50\\%         Measure(Number(50), "%")
    2x^2 - 1                Sum((Product((2, x^2)), Negative(1)))
    3\\sqrt{2}               Product((3, Call("sqrt", (2,))))
    x = 5                   Relation((x, 5), ("=",))         1 < x \\le 2  Relation((1, x, 2), ("<", "<="))
    (1, 2]                  Enclosed("(", (1, 2), "]")       \\{1, 2\\}     Enclosed("{", (1, 2), "}")
    1, 2 and 3              Listed((1, 2, 3))                5 or 6       Alternatives((5, 6))
    x = \\pm 2               Relation((x, PlusMinus((), 2)))  3:4          Ratio((3, 4))
    (B) 12                  Choice("B", rest)                no solution  Words("no solution")
    5 ft 3 in               Sum((Measure, Measure))          6\\pi + 12 \\text{ cm}   Measure(Sum, "cm")
    6.02e23                 Product((6.02, 10^23)), like 6.02 \\times 10^{23}
    x = 1, 2                Relation((x, Listed((1, 2))), ("=",)); so does `x = 1 or 2`, with Alternatives
    x \\equiv 3 \\pmod 7     Given(Relation(…), (Call("mod", (7,)),))
    x &= 1 (aligned)        Relation; a line that starts with its sign has Symbol("") before it

What can be read in two ways is read so: `1/2x` is (1/2)x; `5m` in LaTeX or without a space is a product, `5 m` in plain
text a measure; `5 apples` is a measure whose unit, in the singular, `units.unit` doesn't know; `(1,234)` has two items
and `1,234` one; a bare `B` is a symbol, `(B)` and `B.` are choices; `12:30` is a ratio, `12:30 pm` and `14:05` words.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(slots=True, unsafe_hash=True)
class Number:
    """A rational number written as digits."""

    value: int | Fraction
    decimals: int | None = None
    """Digits after the decimal point as written; None where there is no point (or the decimal repeats)."""
    mixed: bool = False
    """Whether it was written as a whole and a fraction, which might also be a product."""


@dataclass(slots=True, unsafe_hash=True)
class Based:
    """Digits with the base in a subscript."""

    digits: str
    base: int


@dataclass(slots=True, unsafe_hash=True)
class Symbol:
    """A letter or a named constant: `x`, `alpha`, `pi`, `e`, `i`, `infinity`, `x_1`, `theta`, `C`.

    Named sets are symbols too: `Reals`, `Integers`, `Naturals`, `Rationals`, `Complexes`, `Empty`, `Integers+`.
    The unit vectors `\\mathbf{i}` and `\\hat{j}` are `unit i` and `unit j`, an ellipsis is `...`; a subscript is part
    of the name as written.
    """

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Negative:
    """Minus something; a difference is a sum with a negative term."""

    of: Node


@dataclass(slots=True, unsafe_hash=True)
class Sum:
    """Two terms or more."""

    terms: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Product:
    """Two factors or more, with or without a sign between them."""

    factors: tuple[Node, ...]
    written: bool = False
    """Whether a multiplication sign was written between any two of them."""


@dataclass(slots=True, unsafe_hash=True)
class Quotient:
    """A fraction or a division."""

    top: Node
    bottom: Node


@dataclass(slots=True, unsafe_hash=True)
class Power:
    """A base and its exponent."""

    base: Node
    exponent: Node


@dataclass(slots=True, unsafe_hash=True)
class PlusMinus:
    """`terms ± second`: both signs; `terms` is empty or one node where nothing or something stands before it."""

    before: tuple[Node, ...]
    second: Node


@dataclass(slots=True, unsafe_hash=True)
class Call:
    """A function of its arguments, by its plain name.

    `sqrt` `root`(degree, of) `abs` `floor` `ceil` `ln` `log`(base, of) `exp` `sin` … `arcsin` … `sinh` … `factorial`
    `double_factorial` `binomial` `gcd` `lcm` `max` `min` `mod`(of, modulus) `conjugate` `real` `imaginary` `norm`
    `complement` `derivative`(of) `permutations`, and letters applied to something (`f`). `log` without a base has one
    argument. Operators that leave the value to be worked out: `integral` `sum` `product` `limit`, with the arguments
    as written.
    """

    name: str
    arguments: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Measure:
    """A value and its unit, spelled as `units.UNITS` has it: `cm`, `km/h`, `m^2`, `%`, `degree`, `$`."""

    value: Node
    unit: str


@dataclass(slots=True, unsafe_hash=True)
class Enclosed:
    """Items in brackets: a point, an interval, a set, a vector. One item in round brackets is that item itself.

    `open` is one of `( [ { <`, `close` one of `) ] } >`.
    """

    open: str
    items: tuple[Node, ...]
    close: str


@dataclass(slots=True, unsafe_hash=True)
class Matrix:
    """Rows of equal length; a column vector has one entry a row. A determinant is `Call("determinant", (matrix,))`."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(slots=True, unsafe_hash=True)
class Listed:
    """Two or more things side by side, all of them meant: by commas, semicolons or "and"."""

    items: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Alternatives:
    """Two or more things of which one or another is meant: by "or"."""

    items: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Ratio:
    """Two or more parts with colons between."""

    parts: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Relation:
    """Operands and the signs between them: `=` `!=` `<` `<=` `>` `>=` `in` `not in` `~` (about) `subset` `equiv` `to`
    (an arrow) `proportional`."""

    operands: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(slots=True, unsafe_hash=True)
class SetOf:
    """A set by its condition: `\\{x \\mid x > 2\\}`."""

    element: Node
    conditions: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Combined:
    """Two or more sets: `union`, `intersection`, `difference` (of the first less the others)."""

    operation: str
    sets: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Given:
    """A statement and what it is said under: `\\frac{\\pi}{4} + k\\pi, k \\in \\mathbb{Z}`; `2x for x > 0`."""

    statement: Node
    conditions: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Cases:
    """A function in pieces: values and their conditions; None stands for "otherwise"."""

    pieces: tuple[tuple[Node, Node | None], ...]


@dataclass(slots=True, unsafe_hash=True)
class Choice:
    """A letter of a choice, upper case; `rest` is the option's text where that is written too."""

    letter: str
    rest: Node | None = None


@dataclass(slots=True, unsafe_hash=True)
class Words:
    """Plain words: lower case, no articles, one space between, no punctuation at the ends; one spelling for what people
    say instead of a value: `no solution`, `no real solution`, `does not exist`, `undefined`, `infinitely many`, `none`;
    dates as `1776-07-04`, times as `12:30 pm`, ordinals as `3rd`."""

    text: str


Node = (
    Number | Based | Symbol | Negative | Sum | Product | Quotient | Power | PlusMinus | Call | Measure | Enclosed
    | Matrix | Listed | Alternatives | Ratio | Relation | SetOf | Combined | Given | Cases | Choice | Words
)  # fmt: skip
