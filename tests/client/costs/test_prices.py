"""The price table, and a file that says otherwise."""

from pathlib import Path

import pytest

from fairmark_client.costs.prices import Prices, TokenPrice
from fairmark_client.errors import DataError


def test_the_shipped_table_has_a_day_and_the_documented_prices() -> None:
    prices = Prices.shipped()
    assert prices.as_of.isoformat() == "2026-11-22"
    assert (prices.per_hour("openai", "rft"), prices.per_hour("azure", "rft")) == (100.0, 100.0)
    assert prices.of("azure").pause_at_dollars == 5000.0
    assert prices.of("azure").hosting_dollars_per_hour == 1.70


def test_what_is_not_known_is_none() -> None:
    prices = Prices.shipped()
    assert prices.per_hour("openai", "sft") is None
    assert prices.of("openai").sft_dollars_per_million_tokens is None
    assert prices.per_hour("elsewhere", "rft") is None


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(
        'as_of = 2027-01-01\n[providers.azure]\nrft_dollars_per_hour = 80\n[judges."j"]\nprompt=1\ncompletion=2'
    )
    prices = Prices.read(file)
    assert prices.per_hour("azure", "rft") == 80.0
    assert prices.of("azure").pause_at_dollars == 5000.0
    assert prices.per_hour("openai", "rft") == 100.0
    assert prices.judges == {"j": TokenPrice(prompt=1, completion=2)}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[providers.azure]\nrft_dollars_per_hour = -1",
            "providers.azure.rft_dollars_per_hour: Input should be greater",
        ),
        ("[providers.azure]\nrft_dollars_per_hour = inf", "providers.azure.rft_dollars_per_hour: .*finite number"),
        ("[providers.azure]\nper_hour = 1", "providers.azure.per_hour: Extra inputs"),
        ("[judges.j]\nprompt = 1", "judges.j.completion: Field required"),
        ("prices", "expected TOML"),
    ],
)
def test_a_broken_file_is_refused_by_field(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=f"prices.toml: {complaint}"):
        Prices.read(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        Prices.read(tmp_path / "none.toml")


def test_the_file_that_the_environment_names_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("[providers.openai]\nrft_dollars_per_hour = 7\n")
    monkeypatch.setenv("FAIRMARK_PRICES", str(file))
    assert Prices.read().per_hour("openai", "rft") == 7.0
    assert Prices.shipped().per_hour("openai", "rft") == 100.0
