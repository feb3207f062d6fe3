"""Chemical formulas, which would be products of letters: `H_2O`, `\\mathrm{NaCl}`, `\\ce{SO4^{2-}}`."""

import re

from ..tree import Words
from .words import words_of

_LONGEST = 80
_SETTING = re.compile(r"\\(?:text|mathrm|ce|textrm|rm)\b|[{}_\s]")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "01234567890123456789+-")
_ARROW = re.compile(r"\\(?:long)?rightarrow|\\to(?![a-z])|→|⟶|->")
_REACTANT = re.compile(r"([0-9]*)([A-Z][A-Za-z0-9()]*?)(?:\((?:s|l|g|aq)\))?")
_FORMULA = re.compile(r"(?:[A-Z][a-z]?[0-9]{0,3}|\((?:[A-Z][a-z]?[0-9]{0,3}){1,6}\)[0-9]{1,2}){1,12}(\^?[0-9]?[+-])?")
_MARK = re.compile(r"[a-z][A-Z]|[0-9]|[+-]$")
_COMMON = frozenset("HCNOSFPIK")
_ELEMENTS = frozenset(
    words_of(
        "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr "
        "Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir "
        "Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am"
    )
)
_NAMED = {
    "carbon dioxide": "co2", "carbon monoxide": "co", "sulfur dioxide": "so2", "sulphur dioxide": "so2",
    "hydrogen peroxide": "h2o2", "sodium chloride": "nacl", "sodium hydroxide": "naoh", "calcium carbonate": "caco3",
    "hydrochloric acid": "hcl", "sulfuric acid": "h2so4", "sulphuric acid": "h2so4", "nitric acid": "hno3",
}  # fmt: skip
_NAMES = re.compile(rf"\b(?:{'|'.join(_NAMED)})\b")


def with_formulas(words: str) -> str:
    """Words in lower case with the formulas of the commonest substances for their names."""
    return _NAMES.sub(lambda name: _NAMED[name[0]], words)


def substance(text: str) -> Words | None:
    """The formula in one spelling, `h2so4`, or None.

    A formula has two elements or a charge, and a number, a charge or a capital after a small letter, as NaCl has. One
    of single letters alone may be a product such as P_1V_1: only the commonest elements make it a formula.
    """
    if len(text) > _LONGEST or not (match := _FORMULA.fullmatch(_bare(text))):
        return None
    formula = match[0].replace("^", "")
    symbols = set(re.findall(r"[A-Z][a-z]?", formula))
    known = symbols <= (_COMMON if all(len(symbol) == 1 for symbol in symbols) else _ELEMENTS)
    several = len(symbols) > 1 or (match[1] and not symbols <= _COMMON)
    return Words(formula.lower()) if known and several and _MARK.search(formula) else None


def reaction(text: str) -> Words | None:
    """`CH_4 + 2O_2 \\to CO_2 + 2H_2O` in one spelling, each side in one order, or None."""
    sides = _ARROW.split(text)
    if len(text) > 2 * _LONGEST or len(sides) != 2:
        return None
    found = [_side(_bare(side).split("+")) for side in sides]
    return Words(" → ".join(found)) if all(found) else None


def _side(terms: list[str]) -> str:
    reactants = [_REACTANT.fullmatch(term) for term in terms]
    if not all(each and (_ELEMENTS.issuperset(re.findall(r"[A-Z][a-z]?", each[2]))) for each in reactants):
        return ""
    return " + ".join(sorted(f"{each[1] or 1} {each[2].lower()}" for each in reactants if each))


def _bare(text: str) -> str:
    return _SETTING.sub("", text).translate(_SUBSCRIPTS)
