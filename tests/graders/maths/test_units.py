"""Units by their spellings, dimensions and exact sizes."""

from fractions import Fraction

import pytest

from fairmark_graders.maths.units import SPELLINGS, UNITS, unit


@pytest.mark.parametrize(
    ("name", "other", "times"),
    [
        ("km/h", "m/s", Fraction(5, 18)),
        ("mi/h", "m/s", Fraction(1397, 3125)),
        ("ft", "in", Fraction(12)),
        ("lb", "oz", Fraction(16)),
        ("gal", "pt", Fraction(8)),
        ("cup", "tbsp", Fraction(16)),
        ("acre", "ft^2", Fraction(43560)),
        ("L", "cm^3", Fraction(1000)),
        ("mL", "cm^3", Fraction(1)),
        ("N·m", "J", Fraction(1)),
        ("kg·m/s^2", "N", Fraction(1)),
        ("J/(mol·K)", "kJ/(mol·K)", Fraction(1, 1000)),
        ("kWh", "MJ", Fraction(18, 5)),
        ("week", "day", Fraction(7)),
        ("year", "month", Fraction(12)),
        ("$", "cent", Fraction(100)),
        ("rev", "degree", Fraction(360)),
        ("degree", "arcmin", Fraction(60)),
        ("atm", "torr", Fraction(760)),
        ("M", "mol/L", Fraction(1)),
        ("1/s", "Hz", Fraction(1)),
    ],
)
def test_one_unit_is_so_many_of_another(name: str, other: str, times: Fraction) -> None:
    one, two = unit(name), unit(other)
    assert one is not None
    assert two is not None
    assert (one.dimensions, one.pi) == (two.dimensions, two.pi)
    assert one.size / two.size == times


def test_a_pound_per_square_inch_has_the_dimensions_of_a_pascal() -> None:
    psi, pascal = unit(SPELLINGS["psi"]), UNITS["Pa"]
    assert psi is not None
    assert psi.dimensions == pascal.dimensions
    assert 6894 < psi.size < 6895


@pytest.mark.parametrize(("name", "value", "kelvin"), [("°C", 100, "373.15"), ("°F", 212, "373.15"), ("K", 1, "1")])
def test_temperatures_have_an_offset(name: str, value: int, kelvin: str) -> None:
    assert value * UNITS[name].size + UNITS[name].offset == Fraction(kelvin)


@pytest.mark.parametrize(("name", "other"), [("$", "€"), ("day", "month"), ("bit", "m"), ("kg", "N"), ("degree", "m")])
def test_units_of_different_dimensions_do_not_convert(name: str, other: str) -> None:
    assert UNITS[name].dimensions != UNITS[other].dimensions


@pytest.mark.parametrize(
    "name", ["apple", "", "/", "m/", "m^x", "m^", "°C/s", "m/s/h", "m" * 70, "km/h/", "^2", "m^999"]
)
def test_other_spellings_are_no_units(name: str) -> None:
    assert unit(name) is None


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_every_spelling_leads_to_a_unit(spelling: str) -> None:
    assert unit(SPELLINGS[spelling]) is not None
