"""Every call of the API, as a function of the account and the call."""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .rules import ApiError, check_create, check_grader, require
from .training import FINAL, Job, sample_of, score_of

if TYPE_CHECKING:
    from .server import StandIn

MODELS = {"reinforcement": ("o4-mini-2025-04-16", "gpt-5-2025-08-07"), "supervised": ("gpt-4.1-mini-2025-04-14",)}
MODEL = MODELS["reinforcement"][0]
MOST_BYTES = 512 << 20
WOUND_DOWN = (
    "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new "
    "fine-tuning training jobs. Learn more "
    "https://developers.openai.com/api/docs/deprecations#update-to-openais-self-serve-fine-tuning"
)
_FLAGS = (
    "formula_parse_error sample_parse_error truncated_observation_error unresponsive_reward_error "
    "invalid_variable_error other_error python_grader_server_error python_grader_runtime_error "
    "model_grader_server_error model_grader_refusal_error model_grader_parse_error "
    "model_grader_exceeded_max_tokens_error endpoint_grader_internal_error endpoint_grader_server_error "
    "endpoint_grader_safety_check_error"
)
_DETAILS = (
    "sample_parse_error_details invalid_variable_error_details python_grader_server_error_type "
    "python_grader_runtime_error_details model_grader_refusal_error_details model_grader_parse_error_details "
    "model_grader_server_error_details endpoint_grader_internal_error_details endpoint_grader_server_error_details"
)


class Call(NamedTuple):
    """One request, its key seen to."""

    method: str
    path: str
    """Without /v1."""
    query: dict[str, str]
    body: dict[str, Any]
    file: tuple[str, bytes] | None


Answer = dict[str, Any]
Route = Callable[..., Answer]


def answer(standin: "StandIn", call: Call) -> Answer:
    """What the API answers. Raises `ApiError`."""
    for method, pattern, route in ROUTES:
        if method == call.method and (found := re.fullmatch(pattern, call.path)):
            return route(standin, call, *found.groups())
    raise ApiError(404, f"Invalid URL ({call.method} {call.path})")


def create_file(standin: "StandIn", call: Call) -> Answer:
    require(call.body.get("purpose") in ("fine-tune", "user_data"), "Invalid purpose.", "purpose")
    assert call.file
    name, content = call.file
    require(name.endswith(".jsonl") and len(content) <= MOST_BYTES, "Invalid file.", "file")
    file = {
        "id": f"file-{uuid.uuid4().hex[:22]}",
        "object": "file",
        "bytes": len(content),
        "created_at": int(time.time()),
        "filename": name,
        "purpose": call.body["purpose"],
        "status": "uploaded" if standin.slow_files else "processed",
        "looks": 0,
    }
    standin.files[file["id"]] = file
    standin.contents[file["id"]] = content
    return file


def list_files(standin: "StandIn", call: Call) -> Answer:
    files = [file for file in standin.files.values() if file["purpose"] == call.query.get("purpose", file["purpose"])]
    return page(files[::-1], call)


def retrieve_file(standin: "StandIn", call: Call, id: str) -> Answer:
    file = standin.files.get(id)
    require(file, "No such File object.", "id")
    assert file
    file["looks"] += 1
    if file["status"] == "uploaded" and file["looks"] > standin.slow_files:
        file["status"] = "processed"
    return file


def validate_grader(standin: "StandIn", call: Call) -> Answer:
    grader = call.body.get("grader")
    check_grader(grader)
    assert isinstance(grader, dict)
    return {"grader": {"name": f"grader-{uuid.uuid4().hex[:12]}", **grader}}


def run_grader(standin: "StandIn", call: Call) -> Answer:
    grader, judged, began = call.body["grader"], Counter[str](), time.monotonic()
    check_grader(grader)
    require(isinstance(call.body.get("model_sample"), str), "Expected a string.", "model_sample")
    body = {"sample": sample_of(call.body["model_sample"], True), "item": call.body.get("item") or {}}
    score, _ = score_of(grader, body, standin.endpoint, judged)
    errors = {**dict.fromkeys(_FLAGS.split(), False), **dict.fromkeys(_DETAILS.split())}
    errors["endpoint_grader_server_error"] = score is None
    return {
        "reward": score or 0.0,
        "metadata": {
            "name": grader.get("name", "grader"),
            "type": grader["type"],
            "errors": errors,
            "execution_time": time.monotonic() - began,
            "scores": {},
            "token_usage": None,
            "sampled_model_name": None,
        },
        "sub_rewards": {},
        "model_grader_token_usage_per_model": {},
    }


def create_job(standin: "StandIn", call: Call) -> Answer:
    if standin.wound_down:
        raise ApiError(403, WOUND_DOWN, code="training_not_available")
    check_create(call.body, standin.files)
    known = MODELS.get(call.body["method"]["type"], ())
    require(
        call.body.get("model") in known, "The model is not available for fine-tuning.", "model", "model_not_available"
    )
    standin.bodies.append(call.body)
    job = Job(
        call.body,
        standin.contents[call.body["training_file"]],
        standin.contents.get(call.body.get("validation_file", "")),
        standin.endpoint,
        standin.policy,
        standin.hangs_at,
    )
    standin.jobs[job.id] = job
    return job.shown()


def list_jobs(standin: "StandIn", call: Call) -> Answer:
    wanted = {name[9:-1]: value for name, value in call.query.items() if name.startswith("metadata[")}
    require(not wanted or standin.metadata_filter != "refused", "Unknown parameter: 'metadata'.", "metadata")
    if standin.metadata_filter == "ignored":
        wanted = {}
    jobs = [job.shown() for job in standin.jobs.values() if wanted.items() <= (job.body.get("metadata") or {}).items()]
    return page(jobs[::-1], call)


def retrieve_job(standin: "StandIn", call: Call, id: str) -> Answer:
    job = job_of(standin, id)
    if not standin.hold:
        job.advance()
    return job.shown()


def list_events(standin: "StandIn", call: Call, id: str) -> Answer:
    return page(job_of(standin, id).events[:: 1 if standin.oldest_first else -1], call)


def list_checkpoints(standin: "StandIn", call: Call, id: str) -> Answer:
    return page(sorted(job_of(standin, id).checkpoints, key=lambda kept: -kept["step_number"]), call)


def pause(standin: "StandIn", call: Call, id: str) -> Answer:
    job = job_of(standin, id)
    require(job.status == "running", f"Only running jobs can be paused; this one is {job.status}.")
    job.status = "pausing"
    return job.shown()


def resume(standin: "StandIn", call: Call, id: str) -> Answer:
    job = job_of(standin, id)
    require(job.status == "paused", f"Only paused jobs can be resumed; this one is {job.status}.")
    job.status = "queued"
    return job.shown()


def cancel(standin: "StandIn", call: Call, id: str) -> Answer:
    job = job_of(standin, id)
    require(job.status not in FINAL, f"Job has already completed: {job.status}.")
    job.end("cancelled")
    return job.shown()


def job_of(standin: "StandIn", id: str) -> Job:
    if id not in standin.jobs:
        raise ApiError(404, f"Could not find fine tune: {id}", "fine_tune_id", "fine_tune_not_found")
    return standin.jobs[id]


def page(objects: Sequence[dict[str, Any]], call: Call) -> Answer:
    """A page of a list that is already in its order."""
    ids = [found["id"] for found in objects]
    start = ids.index(call.query["after"]) + 1 if call.query.get("after") in ids else 0
    limit = int(call.query.get("limit", 10_000 if call.path == "/files" else 20))
    require(1 <= limit <= (10_000 if call.path == "/files" else 100), "Invalid limit.", "limit")
    shown = list(objects[start : start + limit])
    return {"object": "list", "data": shown, "has_more": start + limit < len(objects)}


_JOB = r"/fine_tuning/jobs/([\w-]+)"
ROUTES: Sequence[tuple[str, str, Route]] = (
    ("POST", "/files", create_file),
    ("GET", "/files", list_files),
    ("GET", r"/files/([\w-]+)", retrieve_file),
    ("POST", "/fine_tuning/alpha/graders/validate", validate_grader),
    ("POST", "/fine_tuning/alpha/graders/run", run_grader),
    ("POST", "/fine_tuning/jobs", create_job),
    ("GET", "/fine_tuning/jobs", list_jobs),
    ("GET", _JOB, retrieve_job),
    ("GET", f"{_JOB}/events", list_events),
    ("GET", f"{_JOB}/checkpoints", list_checkpoints),
    ("POST", f"{_JOB}/pause", pause),
    ("POST", f"{_JOB}/resume", resume),
    ("POST", f"{_JOB}/cancel", cancel),
)
