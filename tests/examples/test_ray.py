"""The Ray example without Ray: what its actor and its tasks do are plain objects and functions."""

import runpy
from pathlib import Path

EXAMPLE = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "ray" / "train.py"))


def test_tasks_grade_on_the_service_that_the_actor_holds() -> None:
    service = EXAMPLE["Service"]()
    try:
        url, key = service.address()
        assert EXAMPLE["rewards"](url, key, ["The answer is 42.", "41"], "42") == [1.0, 0.0]
    finally:
        assert service.stop() in (0, -15)
