"""One service for a Ray cluster, held by an actor; tasks on any node grade on it.

    python examples/ray/train.py

Nothing here needs a file system that the nodes share: the actor reads the URL file beside its service, and hands out
what stands in it. Where nodes don't know each other by name, start the actor with `host`, its node's address.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from fairmark_client import Client

START_SECONDS = 60


class Service:
    """`fairmark serve` for as long as this object isn't stopped."""

    def __init__(self, host: str = "0.0.0.0") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fairmark-")
        self._file = Path(self._folder.name) / "url"
        options = ["--host", host, "--port", "0", "--url-file", str(self._file)]
        self._process = subprocess.Popen([sys.executable, "-m", "fairmark_service", *options])

    def address(self) -> tuple[str, str | None]:
        """URL and key, once it answers."""
        return Client(f"file:{self._file}", timeout_seconds=START_SECONDS).address()

    def stop(self) -> int:
        """End it; its exit code."""
        self._process.terminate()
        code = self._process.wait()
        self._folder.cleanup()
        return code


def rewards(url: str, key: str | None, completions: list[str], answer: str) -> list[float | None]:
    """What a task of the training does with what it sampled."""
    results = Client(url, key).grade("math", completions, [{"reference_answer": answer}] * len(completions))
    return [result.score for result in results]


def main() -> None:
    import ray

    ray.init()
    service = ray.remote(num_cpus=1)(Service).remote()
    url, key = ray.get(service.address.remote())
    task = ray.remote(rewards)
    print(ray.get([task.remote(url, key, ["The answer is 42.", "41"], "42") for _ in range(4)]))
    ray.get(service.stop.remote())


if __name__ == "__main__":
    main()
