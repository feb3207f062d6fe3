"""Chemical formulas, which would be products of letters: `H_2O`, `\\mathrm{NaCl}`, `\\ce{SO4^{2-}}`."""

import re

from ..tree import Words
from .words import words_of

_LONGEST = 80
_SETTING = re.compile(r"\\(?:text|mathrm|ce|textrm|rm)\b|[{}_\s]")
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


def substance(text: str) -> Words | None:
    """The formula in one spelling, `h2so4`, or None.

    A formula has two elements or a charge, and a number, a charge or a capital after a small letter, as NaCl has. One
    of single letters alone may be a product such as P_1V_1: only the commonest elements make it a formula.
    """
    if len(text) > _LONGEST or not (match := _FORMULA.fullmatch(_SETTING.sub("", text))):
        return None
    formula = match[0].replace("^", "")
    symbols = set(re.findall(r"[A-Z][a-z]?", formula))
    known = symbols <= (_COMMON if all(len(symbol) == 1 for symbol in symbols) else _ELEMENTS)
    several = len(symbols) > 1 or (match[1] and not symbols <= _COMMON)
    return Words(formula.lower()) if known and several and _MARK.search(formula) else None
