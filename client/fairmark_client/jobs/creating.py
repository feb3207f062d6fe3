"""Creating a job: everything is checked before anything is sent, and the ledger knows it before the provider does."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from ..costs.assumptions import Range, Rows
from ..costs.estimate import Plan, estimate, set_by
from ..costs.prices import Prices
from ..data.prepared import Prepared
from ..errors import DataError, JobError, JobRefused
from .job import Budget, Job, Spec
from .ledger import Ledger
from .provider import Look, Provider
from .providers import provider

SECRET_NAME = re.compile(
    r"api_?key$|^key$|^token$|(auth|access|bearer|hub|hf|api)_?token$|secret|passw|credential|^authorization$", re.I
)
PLAIN_HEADERS = {"accept", "content-type", "user-agent"}
SECRET_VALUE = re.compile(r"^(sk-|hf_|ghp_|github_pat_|xox[a-z]-|bearer\s)", re.I)


def make_spec(data: str | Path, provider: str, method: str, model: str, **rest: Any) -> Spec:
    """A spec that means the same from every folder. Raises `JobRefused` naming the field that is wrong."""
    try:
        found = Spec.model_validate(
            {
                "data": str(Path(data).resolve()),
                "provider": provider,
                "method": method,
                "model": _model(provider, model),
                **rest,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise JobRefused(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if found.method == "sft" and found.grader is not None:
        raise JobRefused("grader: sft has none, since it learns the answers as they are")
    return found


def check(spec: Spec) -> Provider:
    """The provider of a job that can be created. Raises `JobRefused` or `DataError` for what can't work."""
    for where in secrets_in(spec):
        raise JobRefused(f"{where} holds a secret, which the ledger would keep: name an environment variable instead")
    if changed := Prepared.open(spec.data).changed():
        raise JobRefused(
            f"{spec.data}: {', '.join(changed)} changed after it was prepared; run fairmark data prepare again"
        )
    found = provider(spec.provider)
    found.check(spec)
    return found


def create(spec: Spec, budget: Budget, ledger: Ledger) -> Job:
    """Check a job, write it down and start it.

    Raises `JobRefused` when it can't work, and `JobError` when the provider didn't take it: the job is in the ledger
    then, and is created by whoever watches it.
    """
    found = check(spec)
    job = Job(
        id=f"{spec.provider}-{secrets.token_hex(3)}",
        spec=spec,
        budget=budget,
        estimate_dollars=estimated(spec, budget),
        created_at=time.time(),
    )
    ledger.add(job)
    return start(ledger, found, job)


def estimated(spec: Spec, budget: Budget) -> tuple[float, float, float] | None:
    """Dollars that a job will cost at least, as expected and at most; None where too little is known."""
    given = set_by(spec)
    if budget.dollars_per_hour is not None:
        given["dollars_per_hour"] = Range.exactly(budget.dollars_per_hour)
    try:
        rows = Rows.of(Prepared.open(spec.data))
        found = estimate(Plan(rows, spec.provider, spec.method, Prices.read(), given))
    except DataError:  # that the job can't work is for its provider to say
        return None
    low, expected, high = (point.dollars for point in (found.low, found.expected, found.high))
    return None if low is None or expected is None or high is None else (low, expected, high)


def start(ledger: Ledger, provider: Provider, job: Job) -> Job:
    """Have the provider start a job that is written down; one that it has already, it finds again."""
    with ledger.alone(job.id):
        job = ledger.job(job.id)
        if job.place is not None or job.status != "creating":
            return job
        try:
            return ledger.took(job.id, provider.create(job))
        except JobRefused as error:
            ledger.saw(job.id, Look("failed", error=str(error)), time.time())
            raise
        except JobError as error:
            raise JobError(f"{job.id} isn't created yet: {error}; fairmark jobs watch {job.id} tries again") from None


def secrets_in(spec: Spec) -> Iterator[str]:
    """Where a spec holds what looks like a secret, by its name, its value, or because a URL has a password."""
    for name in ("model", "grader", "hyperparameters", "options"):
        yield from _secrets(getattr(spec, name), name)


def _secrets(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            hidden = SECRET_NAME.search(name) or where.endswith(".headers") and name.lower() not in PLAIN_HEADERS
            if hidden and isinstance(inner, str) and inner and "${" not in inner:
                yield f"{where}.{name}"
            else:
                yield from _secrets(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _secrets(inner, f"{where}.{place}")
    elif isinstance(value, str) and "${" not in value and (SECRET_VALUE.search(value) or _has_password(value)):
        yield where


def _has_password(text: str) -> bool:
    try:
        address = urlsplit(text)
    except ValueError:
        return False
    keyed = re.search(r"(^|&)(key|api-?key|code|token|sig)=", address.query, re.I)
    return bool(address.scheme and (address.password or keyed))


def _model(provider: str, named: str) -> str:
    """A hub's or a provider's name as it is; a folder of this machine from the root."""
    return str(Path(named).resolve()) if provider == "trl" and named and Path(named).is_dir() else named
