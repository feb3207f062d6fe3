"""Units of measure: what people write, one spelling for each, its dimensions and its size.

Sizes are exact: those of the SI, of the international yard and pound, and of the United States where a name means
several (gallon, pint, ton). Money has a dimension for each currency, so that nothing converts one into another.
`month` and `year` are units of their own for the same reason: neither is a fixed number of days.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit by the SI base units: a value `v` in it is `v * size * pi**pi + offset` of them."""

    dimensions: tuple[tuple[str, int], ...]
    """Base units and their exponents, by name; empty for a pure number."""
    size: Fraction
    pi: int = 0
    """The power of pi in the size: 1 for a degree, which is pi/180."""
    offset: Fraction = Fraction(0)
    """What zero of this unit is in the base unit; only °C and °F have one."""


_PREFIXES = {
    "": ("", 0), "p": ("pico", -12), "n": ("nano", -9), "μ": ("micro", -6), "m": ("milli", -3), "c": ("centi", -2),
    "d": ("deci", -1), "h": ("hecto", 2), "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12),
}  # fmt: skip

_SI = {
    # symbol: names, prefixes in use, dimensions, size
    "m": ("meter metre", "pnμmcdk", {"m": 1}, "1"),
    "g": ("gram gramme", "nμmk", {"kg": 1}, "1/1000"),
    "s": ("second sec", "pnμm", {"s": 1}, "1"),
    "A": ("ampere amp", "μmk", {"A": 1}, "1"),
    "mol": ("mole", "nμmk", {"mol": 1}, "1"),
    "cd": ("candela", "", {"cd": 1}, "1"),
    "L": ("liter litre", "nμmcdh", {"m": 3}, "1/1000"),
    "Hz": ("hertz", "kMGT", {"s": -1}, "1"),
    "N": ("newton", "μmkM", {"kg": 1, "m": 1, "s": -2}, "1"),
    "Pa": ("pascal", "hkMG", {"kg": 1, "m": -1, "s": -2}, "1"),
    "J": ("joule", "mkMG", {"kg": 1, "m": 2, "s": -2}, "1"),
    "W": ("watt", "nμmkMGT", {"kg": 1, "m": 2, "s": -3}, "1"),
    "C": ("coulomb", "pnμm", {"A": 1, "s": 1}, "1"),
    "V": ("volt", "μmkM", {"kg": 1, "m": 2, "s": -3, "A": -1}, "1"),
    "F": ("farad", "pnμm", {"kg": -1, "m": -2, "s": 4, "A": 2}, "1"),
    "Ω": ("ohm", "mkM", {"kg": 1, "m": 2, "s": -3, "A": -2}, "1"),
    "S": ("siemens", "μm", {"kg": -1, "m": -2, "s": 3, "A": 2}, "1"),
    "Wb": ("weber", "m", {"kg": 1, "m": 2, "s": -2, "A": -1}, "1"),
    "T": ("tesla", "nμm", {"kg": 1, "s": -2, "A": -1}, "1"),
    "H": ("henry henries", "nμm", {"kg": 1, "m": 2, "s": -2, "A": -2}, "1"),
    "lm": ("lumen", "", {"cd": 1}, "1"),
    "lx": ("lux", "", {"cd": 1, "m": -2}, "1"),
    "Bq": ("becquerel", "kMG", {"s": -1}, "1"),
    "Gy": ("gray", "m", {"m": 2, "s": -2}, "1"),
    "Sv": ("sievert", "μm", {"m": 2, "s": -2}, "1"),
    "eV": ("electronvolt", "mkMGT", {"kg": 1, "m": 2, "s": -2}, "1.602176634e-19"),
    "cal": ("calorie", "k", {"kg": 1, "m": 2, "s": -2}, "4.184"),
    "bar": ("bar", "m", {"kg": 1, "m": -1, "s": -2}, "100000"),
    "Wh": ("", "kMGT", {"kg": 1, "m": 2, "s": -2}, "3600"),
}  # fmt: skip

_LENGTH, _AREA, _VOLUME, _MASS, _TIME = {"m": 1}, {"m": 2}, {"m": 3}, {"kg": 1}, {"s": 1}

_OTHERS: dict[str, tuple[str, dict[str, int], str]] = {
    # spelling here: other spellings, dimensions, size
    "K": ("kelvin kelvins", {"K": 1}, "1"),
    "min": ("minute minutes mins", _TIME, "60"),
    "h": ("hour hours hr hrs", _TIME, "3600"),
    "day": ("days", _TIME, "86400"),
    "week": ("weeks wk wks", _TIME, "604800"),
    "month": ("months", {"month": 1}, "1"),
    "year": ("years yr yrs", {"month": 1}, "12"),
    "decade": ("decades", {"month": 1}, "120"),
    "century": ("centuries", {"month": 1}, "1200"),
    "in": ("inch inches", _LENGTH, "0.0254"),
    "ft": ("foot feet", _LENGTH, "0.3048"),
    "yd": ("yard yards yds", _LENGTH, "0.9144"),
    "mi": ("mile miles", _LENGTH, "1609.344"),
    "nmi": ("", _LENGTH, "1852"),
    "Å": ("angstrom angstroms", _LENGTH, "1e-10"),
    "ha": ("hectare hectares", _AREA, "10000"),
    "acre": ("acres", _AREA, "4046.8564224"),
    "gal": ("gallon gallons", _VOLUME, "0.003785411784"),
    "qt": ("quart quarts", _VOLUME, "0.000946352946"),
    "pt": ("pint pints", _VOLUME, "0.000473176473"),
    "cup": ("cups", _VOLUME, "0.0002365882365"),
    "floz": ("", _VOLUME, "0.0000295735295625"),
    "tbsp": ("tablespoon tablespoons", _VOLUME, "0.00001478676478125"),
    "tsp": ("teaspoon teaspoons", _VOLUME, "0.00000492892159375"),
    "t": ("tonne tonnes", _MASS, "1000"),
    "ton": ("tons", _MASS, "907.18474"),
    "lb": ("lbs pound pounds", _MASS, "0.45359237"),
    "oz": ("ounce ounces", _MASS, "0.028349523125"),
    "u": ("amu", _MASS, "1.66053906660e-27"),
    "atm": ("atmosphere atmospheres", {"kg": 1, "m": -1, "s": -2}, "101325"),
    "mmHg": ("", {"kg": 1, "m": -1, "s": -2}, "133.322387415"),
    "torr": ("Torr", {"kg": 1, "m": -1, "s": -2}, "101325/760"),
    "hp": ("horsepower", {"kg": 1, "m": 2, "s": -3}, "745.69987158227022"),
    "knot": ("knots", {"m": 1, "s": -1}, "1852/3600"),
    "M": ("molar", {"mol": 1, "m": -3}, "1000"),
    "bit": ("bits", {"bit": 1}, "1"),
    "B": ("byte bytes", {"bit": 1}, "8"),
    "KB": ("kilobyte kilobytes", {"bit": 1}, "8000"),
    "MB": ("megabyte megabytes", {"bit": 1}, "8e6"),
    "GB": ("gigabyte gigabytes", {"bit": 1}, "8e9"),
    "rad": ("radian radians rads", {}, "1"),
    "%": ("percent percents percentage pct", {}, "1/100"),
    "‰": ("permille", {}, "1/1000"),
    "pp": ("", {}, "1/100"),
    "ppm": ("", {}, "1e-6"),
    "dB": ("decibel decibels", {"dB": 1}, "1"),
    "$": ("dollar dollars USD usd bucks", {"$": 1}, "1"),
    "cent": ("cents ¢ penny pennies", {"$": 1}, "1/100"),
    "€": ("euro euros EUR", {"€": 1}, "1"),
    "£": ("GBP", {"£": 1}, "1"),
    "¥": ("yen JPY", {"¥": 1}, "1"),
    "yuan": ("RMB CNY", {"yuan": 1}, "1"),
    "₹": ("rupee rupees Rs INR", {"₹": 1}, "1"),
}

_TURNS = {"degree": ("degrees deg °", 1, "1/180"), "arcmin": ("", 1, "1/10800"), "arcsec": ("", 1, "1/648000"),
          "rev": ("revolution revolutions", 1, "2")}  # fmt: skip

COMPOUND_NAMES = {"mph": "mi/h", "kmh": "km/h", "kph": "km/h", "kmph": "km/h", "mps": "m/s", "rpm": "rev/min",
                  "bpm": "1/min", "cc": "cm^3", "sqft": "ft^2", "psi": "lbf/in^2", "fps": "ft/s"}  # fmt: skip
"""Names of compounds that people write as one word."""


def _dimensions(exponents: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((base, exponent) for base, exponent in exponents.items() if exponent))


def _si_units() -> Iterator[tuple[str, Unit, list[str]]]:
    for symbol, (names, prefixes, dimensions, size) in _SI.items():
        for prefix in ["", *prefixes]:
            long, power = _PREFIXES[prefix]
            spelled = [f"{long}{name}{plural}" for name in names.split() for plural in ("", "s")]
            yield prefix + symbol, Unit(_dimensions(dimensions), Fraction(size) * Fraction(10) ** power), spelled


def _other_units() -> Iterator[tuple[str, Unit, list[str]]]:
    for name, (spellings, dimensions, size) in _OTHERS.items():
        yield name, Unit(_dimensions(dimensions), Fraction(size)), spellings.split()
    for name, (spellings, pi, size) in _TURNS.items():
        yield name, Unit((), Fraction(size), pi), spellings.split()
    yield "°C", Unit((("K", 1),), Fraction(1), 0, Fraction("273.15")), ["celsius", "Celsius", "centigrade"]
    yield "°F", Unit((("K", 1),), Fraction(5, 9), 0, Fraction("459.67") * 5 / 9), ["fahrenheit", "Fahrenheit"]
    yield "lbf", Unit(_dimensions({"kg": 1, "m": 1, "s": -2}), Fraction("4.4482216152605")), []


_ALL = [*_si_units(), *_other_units()]

UNITS: Mapping[str, Unit] = {name: unit for name, unit, _ in _ALL}
"""Simple units by the spelling that a `Measure` has."""

SPELLINGS: Mapping[str, str] = {
    **{spelling: name for name, _, spellings in _ALL for spelling in spellings},
    **{f"µ{name[1:]}": name for name in UNITS if name.startswith("μ")},
    **{f"{name[:-1]}l": name for name in UNITS if name in {"L", "mL", "cL", "dL"}},
    "secs": "s", "ohms": "Ω", "celcius": "°C", "percentagepoint": "pp", "kilos": "kg", "Kg": "kg", "KG": "kg",
    "kms": "km", "cms": "cm", "gm": "g", "gms": "g", "Khz": "kHz", "KHz": "kHz", "Kw": "kW", "KJ": "kJ", "Mins": "min",
    "ML": "mL", "moles": "mol", "coul": "C", "henrys": "H", "hertz": "Hz", "lux": "lx",
    **{name: name for name in UNITS},
    **COMPOUND_NAMES,
}  # fmt: skip
"""What people write, and its spelling here."""


@lru_cache(maxsize=512)
def unit(name: str) -> Unit | None:
    """The unit of that spelling, compounds such as `km/h`, `m/s^2`, `N·m` and `J/(mol·K)` too; None when unknown."""
    if name in UNITS:
        return UNITS[name]
    if len(name) > 60:
        return None
    top, stroke, bottom = name.partition("/")
    one = Unit((), Fraction(1))
    above = one if top == "1" and stroke else _product(one, top, 1)
    return _product(above, bottom.removeprefix("(").removesuffix(")"), -1) if above and stroke else above


def _product(whole: Unit, factors: str, sign: int) -> Unit | None:
    for factor in factors.split("·"):
        name, raised, exponent = factor.partition("^")
        part = UNITS.get(name)
        if part is None or part.offset or (raised and not (exponent.isdecimal() and len(exponent) < 3)):
            return None
        whole = _times(whole, part, sign * int(exponent or 1))
    return whole


def _times(whole: Unit, part: Unit, exponent: int) -> Unit:
    exponents = dict(whole.dimensions)
    for base, power in part.dimensions:
        exponents[base] = exponents.get(base, 0) + power * exponent
    return Unit(_dimensions(exponents), whole.size * part.size**exponent, whole.pi + part.pi * exponent)
