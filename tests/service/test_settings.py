"""What is refused on the command line, and what each of several HTTP processes gets of what a service has."""

import subprocess
import sys

import pytest

from fairmark_service.settings import Settings


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_each_process_has_room_for_three_of_the_largest_requests(workers: int) -> None:
    part = Settings(workers=workers).share(workers)
    assert part.queue >= 3 * 4096
    assert part.body_megabytes >= 3 * 64


def test_none_has_more_room_than_the_service_may_take() -> None:
    part = Settings(workers=4, queue=100, body_megabytes=10).share(1)
    assert (part.queue, part.body_megabytes) == (100, 10)


def test_what_does_not_divide_goes_to_the_first() -> None:
    parts = [Settings(workers=3, grading_processes=4, sandboxes=2).share(number) for number in (1, 2, 3)]
    assert [(part.grading_processes, part.sandboxes) for part in parts] == [(2, 1), (1, 1), (1, 1)]


@pytest.mark.parametrize("option", [["--keys", ""], ["--url-file="]])
def test_an_option_that_is_given_nothing_is_refused_by_name(option: list[str]) -> None:
    command = [sys.executable, "-m", "fairmark_service", "--port", "0", *option]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    name = option[0].removesuffix("=")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"fairmark serve: {name}: expected a value, got an empty one\n"
