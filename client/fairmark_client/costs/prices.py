"""The price table: shipped as a file with its day, overridden by another of the same shape.

What nobody has told us a price of has none: it is named as unknown, never guessed.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .. import environment
from ..data.prepared import Method
from ..errors import DataError


class TokenPrice(BaseModel):
    """Dollars per million tokens of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    prompt: float = Field(ge=0)
    cached: float | None = Field(None, ge=0)
    """Of prompt tokens that were cached; None takes the full price."""
    completion: float = Field(ge=0)

    def dollars(self, prompt: float, completion: float, cached: float = 0) -> float:
        """What that many tokens cost; `cached` is the part of `prompt` that was cached, as in OpenAI's usage."""
        cached_price = self.prompt if self.cached is None else self.cached
        fresh = max(prompt - cached, 0)
        return (fresh * self.prompt + cached * cached_price + completion * self.completion) / 1e6


class ProviderPrices(BaseModel):
    """What one provider takes; None where that isn't known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    rft_dollars_per_hour: float | None = Field(None, ge=0)
    """Of the training loop."""
    rft_source: str = ""
    sft_dollars_per_hour: float | None = Field(None, ge=0)
    sft_dollars_per_million_tokens: float | None = Field(None, ge=0)
    """Of trained tokens: those of the file, times the epochs."""
    sft_source: str = ""
    pause_at_dollars: float | None = Field(None, ge=0)
    """Where the provider itself pauses a job, once."""
    hosting_dollars_per_hour: float | None = Field(None, ge=0)
    """Of keeping the finished model deployed."""
    note: str = ""
    """What else one should know before paying."""


class Prices(BaseModel):
    """Prices in dollars, as of a day."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    as_of: date
    providers: dict[str, ProviderPrices] = {}
    judges: dict[str, TokenPrice] = {}
    """By model, in dollars per million tokens."""

    @classmethod
    def shipped(cls) -> Self:
        """The table that comes with fairmark."""
        return cls.model_validate(tomllib.loads(files(__package__).joinpath("prices.toml").read_text("utf-8")))

    @classmethod
    def read(cls, path: str | Path | None = None) -> Self:
        """The shipped table, with what a TOML file of the same shape says instead; by default that at FAIRMARK_PRICES.

        Raises `DataError` naming file and field.
        """
        shipped, path = cls.shipped(), path or environment.text("FAIRMARK_PRICES")
        if path is None:
            return shipped
        try:
            said = tomllib.loads(Path(path).read_text("utf-8"))
            return cls.model_validate(_over(shipped.model_dump(), said))
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}; expected a file of prices") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: expected TOML: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    def of(self, provider: str) -> ProviderPrices:
        """A provider's prices; of one that isn't in the table, nothing is known."""
        return self.providers.get(provider) or ProviderPrices.model_validate({})

    def per_hour(self, provider: str, method: Method) -> float | None:
        """Dollars per hour of the training loop; None where it isn't known or isn't billed by the hour."""
        prices = self.of(provider)
        return prices.rft_dollars_per_hour if method == "rft" else prices.sft_dollars_per_hour


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = below.get(name)
        merged[name] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
