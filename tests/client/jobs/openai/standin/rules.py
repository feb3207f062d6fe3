"""What the platform accepts. A broken rule is an `ApiError`, as its body says it."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from fairmark_graders.formula import Formula, FormulaError

ROLES = {"developer", "user", "assistant", "tool"}
TOP_LEVEL = {"model", "training_file", "validation_file", "method", "suffix", "seed", "metadata", "integrations"}
"""`hyperparameters` on the top level is what older supervised jobs had."""
MOST_ROWS = {"training_file": 50_000, "validation_file": 1_000}
FEWEST_ROWS = 10
METRICS = {"fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"}
"""`cosine` is for evals only."""
REQUIRED = {
    "string_check": {"name", "input", "reference", "operation"},
    "text_similarity": {"name", "input", "reference", "evaluation_metric"},
    "score_model": {"name", "input", "model"},
    "label_model": {"name", "input", "model", "labels", "passing_labels"},
    "python": {"source"},
    "endpoint": {"url"},
    "multi": {"graders", "calculate_output"},
}
ALLOWED = {
    "score_model": {"range", "sampling_params"},
    "python": {"name", "image_tag"},
    "endpoint": {"name", "headers", "rate_limit"},
    "multi": {"name", "invalid_grade"},
}
RANGES: dict[str, Callable[[Any], bool]] = {
    "batch_size": lambda value: isinstance(value, int) and 1 <= value <= 256,
    "learning_rate_multiplier": lambda value: value > 0,
    "n_epochs": lambda value: isinstance(value, int) and 1 <= value <= 50,
    "compute_multiplier": lambda value: 0.00001 < value <= 10,
    "eval_interval": lambda value: isinstance(value, int) and value >= 1,
    "eval_samples": lambda value: isinstance(value, int) and value >= 1,
}
EFFORTS = {"default", "low", "medium", "high"}
SUPERVISED = {"batch_size", "learning_rate_multiplier", "n_epochs"}


class ApiError(Exception):
    """An error as the API answers it."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


class Broken(NamedTuple):
    """Why a job fails after its files were looked at."""

    code: str
    param: str
    message: str


def require(holds: object, message: str, param: str | None = None, code: str | None = None) -> None:
    if not holds:
        raise ApiError(400, message, param, code)


def check_create(body: dict[str, Any], files: dict[str, dict[str, Any]]) -> None:
    """Everything that is refused at once."""
    for name in body:
        require(name in TOP_LEVEL, f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    method = body.get("method")
    require(
        isinstance(method, dict) and method.get("type") in method, "Missing required parameter: 'method'.", "method"
    )
    assert isinstance(method, dict)
    reinforced = method["type"] == "reinforcement"
    for name in ("training_file", "validation_file"):
        if name in body or reinforced or name == "training_file":
            check_file(files.get(body.get(name, "")), name)
    require(len(body.get("suffix") or "") <= 64, "'suffix' is longer than 64 characters.", "suffix")
    check_metadata(body.get("metadata") or {})
    settings = method[method["type"]]
    check_hyperparameters(settings.get("hyperparameters") or {}, reinforced)
    if reinforced:
        check_grader(settings.get("grader"))
        check_response_format(settings.get("response_format"))
        strange = settings.keys() - {"grader", "hyperparameters", "response_format", "tools", "max_episode_steps"}
        require(not strange, f"Unknown parameter: '{sorted(strange)}'.", "method.reinforcement")


def check_file(file: dict[str, Any] | None, param: str) -> None:
    require(file, f"{param}: no such file.", param, "invalid_file")
    assert file
    require(file["purpose"] == "fine-tune", f"{param}: its purpose is not fine-tune.", param, "invalid_file")
    require(file["status"] == "processed", f"{param}: not processed yet.", param, "invalid_file")


def check_metadata(metadata: dict[str, Any]) -> None:
    require(len(metadata) <= 16, "'metadata' has more than 16 pairs.", "metadata")
    for key, value in metadata.items():
        require(len(key) <= 64 and isinstance(value, str) and len(value) <= 512, f"Invalid pair '{key}'.", "metadata")


def check_hyperparameters(given: dict[str, Any], reinforced: bool) -> None:
    for name, value in given.items():
        if reinforced and name == "reasoning_effort":
            require(value in EFFORTS, f"Invalid value: {value!r}.", f"hyperparameters.{name}")
            continue
        known = name in RANGES and (reinforced or name in SUPERVISED)
        require(known, f"Unknown parameter: '{name}'.", f"hyperparameters.{name}", "unknown_parameter")
        good = value == "auto" or (type(value) in (int, float) and RANGES[name](value))
        require(good, f"Invalid value: {value!r}.", f"hyperparameters.{name}")


def check_response_format(found: Any) -> None:
    if found is None:
        return
    good = isinstance(found, dict) and found.get("type") == "json_schema"
    require(good and {"name", "schema"} <= found["json_schema"].keys(), "Invalid response_format.", "response_format")


def check_grader(grader: Any, param: str = "grader", part: bool = False) -> None:
    require(isinstance(grader, dict), f"Invalid type for '{param}': expected an object.", param)
    kind = grader.get("type")
    alone = REQUIRED.keys() - {"label_model"}
    known = kind in (REQUIRED.keys() - {"multi"} if part else alone)
    require(known, f"Invalid value: {kind!r}.", f"{param}.type", "invalid_value")
    allowed = {"type", "pass_threshold"} | REQUIRED[kind] | ALLOWED.get(kind, set())
    for name in sorted(grader.keys() - allowed):
        raise ApiError(400, f"Unknown parameter: '{param}.{name}'.", f"{param}.{name}", "unknown_parameter")
    for name in sorted(REQUIRED[kind] - grader.keys()):
        raise ApiError(400, f"Missing required parameter: '{param}.{name}'.", f"{param}.{name}")
    if kind == "multi":
        check_parts(grader, param)
    if kind == "string_check":
        require(grader["operation"] in ("eq", "ne", "like", "ilike"), "Invalid operation.", f"{param}.operation")
    if kind == "text_similarity":
        require(grader["evaluation_metric"] in METRICS, "Invalid metric.", f"{param}.evaluation_metric")
    if kind == "endpoint":
        require(re.match("https?://", grader["url"]), "Invalid url.", f"{param}.url")
        require("*****" not in json.dumps(grader), "A header is redacted.", f"{param}.headers")


def check_parts(grader: dict[str, Any], param: str) -> None:
    parts = grader["graders"]
    require(isinstance(parts, dict), f"Invalid type for '{param}.graders': expected an object.", f"{param}.graders")
    for name, part in parts.items():
        kind = "a string" if isinstance(part, str) else "an array"
        message = f"Invalid type for 'graders.{name}': expected an object, but got {kind} instead."
        require(isinstance(part, dict), message, f"graders.{name}")
        check_grader(part, f"{param}.graders.{name}", part=True)
    try:
        names = Formula.parse(grader["calculate_output"]).names
    except FormulaError as error:
        raise ApiError(400, str(error), f"{param}.calculate_output", "formula_parse_error") from None
    require(names <= parts.keys(), "Unknown variable.", f"{param}.calculate_output", "formula_parse_error")


def check_rows(train: bytes, validation: bytes | None, reinforced: bool) -> Broken | None:
    """What is found wrong with the files when the job begins."""
    sides = {"training_file": train} | ({} if validation is None else {"validation_file": validation})
    seen: set[str] = set()
    for param, content in sides.items():
        lines = content.decode().splitlines()
        if not FEWEST_ROWS <= len(lines) <= MOST_ROWS[param]:
            return Broken(f"invalid_{param}", param, f"{len(lines)} examples.")
        for number, line in enumerate(lines, 1):
            if problem := _problem(line, reinforced):
                return Broken(f"invalid_{param}", param, f"Line {number}: {problem}.")
        if reinforced and seen & set(lines):
            return Broken(f"invalid_{param}", param, "An example is in both files.")
        seen |= set(lines)
    return None


def _problem(line: str, reinforced: bool) -> str | None:
    try:
        row = json.loads(line)
        messages = row["messages"]
        roles = [message["role"] for message in messages]
    except (ValueError, KeyError, TypeError):
        return "expected an object with messages"
    if not messages or any(role not in ROLES for role in roles if reinforced):
        return f"expected messages of {sorted(ROLES)}"
    if reinforced and not all(isinstance(message["content"], str) for message in messages):
        return "expected texts"
    if roles[-1] != ("user" if reinforced else "assistant"):
        return f"the last message is of {roles[-1]}"
    return None if not reinforced or row.keys() - {"messages", "tools"} else "no reference"


def redacted(value: Any) -> Any:
    """A copy in which no header has a value."""
    if isinstance(value, list):
        return [redacted(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: dict.fromkeys(inner, "**********") if name == "headers" else redacted(inner)
        for name, inner in value.items()
    }
