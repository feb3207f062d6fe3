"""What the reader makes of texts: `reader_cases.txt` has a text and its tree on each line, by phenomenon."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from fairmark_graders.maths import tree
from fairmark_graders.maths.reader import read
from fairmark_graders.maths.tree import Node

CASES = Path(__file__).with_name("reader_cases.txt")


def cases() -> Iterator[tuple[str, str]]:
    for line in CASES.read_text("utf-8").splitlines():
        if line and not line.startswith("# "):
            text, _, expected = line.partition(" ⇒ ")
            yield text.strip(), expected.strip()


def joined(nodes: Iterable[Node], by: str = ", ") -> str:
    return by.join(map(shown, nodes))


def shown(node: Node) -> str:
    """A tree on one line, everything in it visible."""
    match node:
        case tree.Number(value, decimals, mixed):
            exact = str(value) if decimals is None else f"{float(value):.{decimals}f}"
            return f"Mixed({exact})" if mixed else exact
        case tree.Based(digits, base):
            return f"Based({digits}, {base})"
        case tree.Symbol(name):
            return name
        case tree.Words(text):
            return f'"{text}"'
        case tree.Product(factors, written):
            return f"{'Times' if written else 'Product'}({joined(factors)})"
        case tree.PlusMinus(before, second):
            return f"PlusMinus({joined(before)} ± {shown(second)})"
        case tree.Call(name, arguments):
            return f"{name}({joined(arguments)})"
        case tree.Measure(value, unit):
            return f"{shown(value)}[{unit}]"
        case tree.Enclosed(opener, items, closer):
            return f"{opener}{joined(items)}{closer}"
        case tree.Matrix(rows):
            return f"Matrix({'; '.join(joined(row) for row in rows)})"
        case tree.Relation(operands, signs):
            signed = (f" {sign} {shown(operand)}" for sign, operand in zip(signs, operands[1:], strict=True))
            return f"Relation({shown(operands[0])}{''.join(signed)})"
        case tree.SetOf(statement, conditions) | tree.Given(statement, conditions):
            return f"{type(node).__name__}({shown(statement)} | {joined(conditions)})"
        case tree.Combined(operation, sets):
            return f"{operation}({joined(sets)})"
        case tree.Cases(pieces):
            return f"Cases({'; '.join(piece(*each) for each in pieces)})"
        case tree.Choice(letter, rest):
            return f"Choice({letter}{'' if rest is None else ', ' + shown(rest)})"
        case tree.Negative(of):
            return f"Negative({shown(of)})"
        case tree.Quotient(first, second) | tree.Power(first, second):
            return f"{type(node).__name__}({shown(first)}, {shown(second)})"
        case tree.Sum(nodes) | tree.Listed(nodes) | tree.Alternatives(nodes) | tree.Ratio(nodes):
            return f"{type(node).__name__}({joined(nodes)})"


def piece(value: Node, condition: Node | None) -> str:
    return shown(value) + (" otherwise" if condition is None else f" if {shown(condition)}")


@pytest.mark.parametrize(("text", "expected"), list(cases()))
def test_a_text_is_read_as_its_tree(text: str, expected: str) -> None:
    assert shown(read(text)) == expected
