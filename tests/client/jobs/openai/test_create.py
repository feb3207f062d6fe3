"""A job is checked, its files sent, and it is created once, whatever happens on the way."""

from fairmark_client.data.prepared import Prepared
from fairmark_client.jobs.openai import OpenAI

from .conftest import EXACT, MakeSpec, job
from .standin import MODEL, StandIn


def test_a_job_is_created_with_what_the_platform_documents(
    standin: StandIn, make_spec: MakeSpec, prepared: Prepared
) -> None:
    spec = make_spec(hyperparameters={"n_epochs": 2, "reasoning_effort": "low"}, options={"suffix": "sums"}, seed=7)
    OpenAI().check(spec)
    place = OpenAI().create(job(spec))
    [body] = standin.bodies
    files = {standin.contents[body.pop(name)] for name in ("training_file", "validation_file")}
    assert files == {prepared.file("openai", "rft", side).read_bytes() for side in ("train", "validation")}
    assert list(standin.jobs) == [place]
    assert body == {
        "model": MODEL,
        "suffix": "sums",
        "seed": 7,
        "metadata": {"fairmark_job": "openai-1a2b3c"},
        "method": {
            "type": "reinforcement",
            "reinforcement": {"grader": EXACT, "hyperparameters": {"n_epochs": 2, "reasoning_effort": "low"}},
        },
    }
