"""What a spec for these services must keep to; what breaks it costs nothing yet."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ...data.format import PLATFORM_SIDES as SIDES
from ...data.format import RESPONSE_FORMAT
from ...data.prepared import Prepared, Side
from ...data.validate import problems
from ...errors import DataError, JobRefused
from ..job import Spec

MAX_SUFFIX = 64
MAX_METADATA = 16
MAX_KEY, MAX_VALUE = 64, 512
MARK = "fairmark_job"
"""The metadata by which a job is known again after a crash."""
OPTIONS = {
    "base_url": "the service's address",
    "key_env": "the environment variable with its key",
    "suffix": "in the fine-tuned model's name",
    "metadata": "up to 15 pairs of strings that the service keeps with the job",
    "endpoint_url": "a grader's address for the service to call, in place of the spec's grader",
    "endpoint_key_env": "the environment variable with that grader's key",
}


class Range(NamedTuple):
    """The values that a hyperparameter may have besides "auto"."""

    words: str
    holds: Callable[[Any], bool]


def _whole(least: int, most: int | None = None) -> Range:
    words = f"from {least} to {most}" if most else f"of at least {least}"
    return Range(
        f'"auto" or a whole number {words}',
        lambda value: value == "auto" or (type(value) is int and least <= value and (most is None or value <= most)),
    )


def _above(least: float, most: float | None = None) -> Range:
    words = f" and up to {most:g}" if most else ""
    return Range(
        f'"auto" or a number above {least:.5f}{words}'.replace("0.00000", "0"),
        lambda value: (
            value == "auto" or (type(value) in (int, float) and least < value <= (most or sys.float_info.max))
        ),
    )


_SHARED = {"batch_size": _whole(1, 256), "learning_rate_multiplier": _above(0), "n_epochs": _whole(1, 50)}
EFFORTS = ("default", "low", "medium", "high")
HYPERPARAMETERS: dict[str, dict[str, Range]] = {
    "sft": _SHARED,
    "rft": _SHARED
    | {
        "reasoning_effort": Range(f"one of {', '.join(EFFORTS)}", EFFORTS.__contains__),
        "compute_multiplier": _above(0.00001, 10),
        "eval_interval": _whole(1),
        "eval_samples": _whole(1),
    },
}
"""Of OpenAI's API specification; a supervised job is held to the same ranges in what both have."""


def check(spec: Spec) -> None:
    """Everything but the grader. Raises `JobRefused`, naming the field."""
    if not spec.model.strip():
        raise JobRefused(
            "model: no model is named. OpenAI has no public base for RFT since o4-mini was shut down on 2026-10-23; "
            f"name one that your organization has been given, or train here: {local_command(spec)}"
        )
    _check_options(spec.options)
    _check_hyperparameters(spec)
    _check_files(spec)


def _check_options(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name not in OPTIONS:
            known = "; ".join(f"{name}: {meaning}" for name, meaning in OPTIONS.items())
            raise JobRefused(f"options.{name}: unknown here; there are {known}")
        if name != "metadata" and not (isinstance(value, str) and value):
            raise JobRefused(f"options.{name}: expected a string, {OPTIONS[name]}; got {value!r}")
    if len(options.get("suffix", "")) > MAX_SUFFIX:
        raise JobRefused(f"options.suffix: expected at most {MAX_SUFFIX} characters, got {len(options['suffix'])}")
    _check_metadata(options.get("metadata", {}))


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise JobRefused("options.metadata: expected an object whose values are strings")
    if MARK in metadata:
        raise JobRefused(f"options.metadata.{MARK}: this key is fairmark's own, by which it finds the job again")
    if len(metadata) >= MAX_METADATA:
        most = MAX_METADATA - 1
        raise JobRefused(f"options.metadata: expected at most {most} pairs, since one is ours; got {len(metadata)}")
    for key, value in metadata.items():
        if len(key) > MAX_KEY or len(value) > MAX_VALUE:
            raise JobRefused(
                f"options.metadata.{key[:MAX_KEY]}: expected a key of at most {MAX_KEY} characters and a value of at "
                f"most {MAX_VALUE}"
            )


def _check_hyperparameters(spec: Spec) -> None:
    known = HYPERPARAMETERS[spec.method]
    for name, value in spec.hyperparameters.items():
        if name not in known:
            raise JobRefused(f"hyperparameters.{name}: unknown for {spec.method}; there are {', '.join(known)}")
        if not known[name].holds(value):
            raise JobRefused(f"hyperparameters.{name}: expected {known[name].words}, got {value!r}")


def _check_files(spec: Spec) -> None:
    sent = {path for side in SIDES if (path := file(spec, side))}
    prepared = Prepared.open(spec.data)
    for problem in problems(prepared):
        if problem.fatal and (prepared.folder / problem.file in sent or problem.file == RESPONSE_FORMAT):
            raise JobRefused(f"{prepared.folder}/{problem}")


def file(spec: Spec, side: Side) -> Path | None:
    """The prepared file to send; a supervised job may have none for validation. Raises `JobRefused`."""
    try:
        return Prepared.open(spec.data).file("openai", spec.method, side)
    except DataError as error:
        if spec.method == "sft" and side == "validation":
            return None
        raise JobRefused(f"{error}: run fairmark data prepare for this platform") from None


def local_command(spec: Spec) -> str:
    """The same data on one's own machine, where nobody can end it."""
    named = spec.grader if isinstance(spec.grader, str) else "FILE"
    grader = ["--grader", named] if spec.method == "rft" else []
    options = ["--provider", "trl", "--method", spec.method, "--model", "HUB_NAME", *grader]
    return f"fairmark jobs create {shlex.join([spec.data, *options])}"
