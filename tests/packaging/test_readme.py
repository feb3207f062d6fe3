"""Every fenced snippet of the pages a user starts from, run as it stands against a real service.

Only the address is changed. What a snippet prints is what the `# …` lines after its commands say; `…` stands for
anything there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.running import Running

from fairmark_service.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "graders/README.md",
    "service/README.md",
    "client/README.md",
    "docs/endpoint_grader.md",
]
KEY = "example-key-change-me"
ADDRESS = "127.0.0.1:8000"
PUBLIC = "https://grader.example.com"
NOT_OURS = ("caddy",)
"""Programs that a snippet names and the tests don't have; what they are told is looked at, not run."""


class Snippet(NamedTuple):
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str


def snippets(page: str) -> list[Snippet]:
    text = (ROOT / page).read_text()
    return [
        Snippet(page, text.count("\n", 0, block.start()) + 1, block[1], block[2])
        for block in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


ALL = [snippet for page in PAGES for snippet in snippets(page)]


def of(language: str, *words: str, without: tuple[str, ...] = ()) -> list[Any]:
    """The snippets in a language that hold every one of the words, as parameters under their place."""
    return [
        pytest.param(snippet, id=f"{snippet.page}:{snippet.line}")
        for snippet in ALL
        if snippet.language == language
        if all(word in snippet.text for word in words) and not any(word in snippet.text for word in without)
    ]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    """A service with the key that the pages show."""
    running = Running(FAIRMARK_KEY=KEY)
    yield running
    running.stop()


class Addressed:
    """Snippets with the address of a running service in place of the one they show."""

    def __init__(self, plain: Running, guarded: Running) -> None:
        self._plain, self._guarded = plain, guarded

    def service(self, text: str) -> Running:
        """The service a text is about: the one with a key where it has one, or speaks of the public address."""
        return self._guarded if KEY in text or PUBLIC in text else self._plain

    def __call__(self, text: str) -> str:
        url = self.service(text).url
        return text.replace(PUBLIC, url).replace(ADDRESS, urlsplit(url).netloc)


@pytest.fixture
def addressed(service: Running, guarded: Running) -> Addressed:
    return Addressed(service, guarded)


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What a command prints; it must end well."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FAIRMARK_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**bare, "PATH": path, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def promised(text: str) -> list[str]:
    """The lines that a snippet says it prints."""
    return [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]


def same(printed: str, promise: str) -> bool:
    return re.fullmatch(re.escape(promise).replace("…", ".*"), printed) is not None


def assert_prints(output: str, text: str) -> None:
    """Hold a snippet's output against its promises, line by line; one that promises nothing may print anything."""
    promises = promised(text)
    printed = output.splitlines()
    differing = [pair for pair in zip(printed, promises, strict=False) if not same(*pair)]
    assert not promises or (len(printed), differing) == (len(promises), []), output


def test_every_snippet_is_in_a_language_that_is_run() -> None:
    assert {snippet.language for snippet in ALL} == {"sh", "python", "json", "yaml", "text"}


def test_the_readme_has_every_quick_start() -> None:
    readme = [snippet for snippet in ALL if snippet.page == "README.md"]
    starts = ["curl ", "base_url=", '"type": "endpoint"', "GRPOTrainer(", "scrape_configs:", "fairmark grade"]
    assert [start for start in starts if not any(start in snippet.text for snippet in readme)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_address_is_the_one_scripts_serve_prints(page: str) -> None:
    defaults = Settings.model_fields
    assert set(re.findall(r"\b127\.0\.0\.1:\d+|\blocalhost:\d+", (ROOT / page).read_text())) <= {
        f"{defaults['host'].default}:{defaults['port'].default}"
    }


def test_the_two_commands_are_the_scripts() -> None:
    commands = re.findall(r"^scripts/\w+", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {"scripts/serve", "scripts/test"} <= set(commands)
    assert [command for command in commands if not os.access(ROOT / command, os.X_OK)] == []


@pytest.mark.parametrize("snippet", of("sh", without=("scripts/",)))
def test_a_shell_snippet_prints_what_it_says(snippet: Snippet, addressed: Addressed, tmp_path: Path) -> None:
    # Answers of the service end without a line feed; `curl` is told to add one.
    (tmp_path / ".curlrc").write_text('silent\nwrite-out = "\\n"\n')
    command = ["sh", "-euc", addressed(snippet.text)]
    assert_prints(run(command, tmp_path, CURL_HOME=str(tmp_path), COLUMNS="120"), snippet.text)


@pytest.mark.parametrize("snippet", of("python", without=("GRPOTrainer(", "# graders/", "# tests/")))
def test_a_python_snippet_prints_what_it_says(snippet: Snippet, addressed: Addressed, tmp_path: Path) -> None:
    assert_prints(run([sys.executable, "-c", addressed(snippet.text)], tmp_path), snippet.text)


ROLLOUT = {
    "sample": {
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "42", "tool_calls": []}, "finish_reason": "stop"}
        ],
        "output_text": "42",
        "output_json": None,
        "output_tools": [],
        "output_reasoning_summary": None,
    },
    "item": {
        "messages": [{"name": None, "role": "user", "content": "6 * 7 = ?"}],
        "tools": None,
        "parallel_tool_calls": True,
        "reference_answer": "42",
    },
    "trace_id": "trace_0b54e0f2",
}
"""What Azure posts to an endpoint grader, in the shape that Microsoft's samples have."""


@pytest.mark.parametrize("snippet", of("json", '"endpoint"'))
def test_the_endpoint_grader_grades_what_azure_posts(snippet: Snippet, addressed: Addressed) -> None:
    grader = json.loads(snippet.text)
    assert grader.keys() == {"type", "name", "url", "headers", "rate_limit"}
    assert (grader["type"], urlsplit(grader["url"]).scheme) == ("endpoint", "https")
    url = addressed.service(snippet.text).url + urlsplit(grader["url"]).path
    assert httpx.post(url, json=ROLLOUT, headers=grader["headers"]).json() == {"score": 1.0}
    assert httpx.post(url, json=ROLLOUT).status_code == 401


@pytest.mark.parametrize("snippet", of("json", '"samples"'))
def test_a_request_is_graded_as_the_page_shows_it(snippet: Snippet, addressed: Addressed) -> None:
    answer = addressed.service(snippet.text).post("/v1/grade", json.loads(snippet.text))
    assert [result["score"] for result in answer.json()["results"]] == [1.0, 1.0, 1.0]


def test_every_json_snippet_is_one_of_these() -> None:
    rest = of("json", without=('"endpoint"', '"samples"'))
    assert rest == []


@pytest.mark.parametrize("snippet", of("yaml", "scrape_configs"))
def test_prometheus_can_scrape_with_the_configuration(snippet: Snippet, addressed: Addressed) -> None:
    (job,) = yaml.safe_load(snippet.text)["scrape_configs"]
    assert job.keys() == {"job_name", "metrics_path", "authorization", "static_configs"}
    host = urlsplit(addressed.service(snippet.text).url).netloc
    assert job["static_configs"] == [{"targets": [ADDRESS]}]
    headers = {"authorization": f"Bearer {job['authorization']['credentials']}"}
    scraped = httpx.get(f"http://{host}{job['metrics_path']}", headers=headers)
    assert scraped.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "fairmark_samples" in {family.name for family in text_string_to_metric_families(scraped.text)}


def test_every_yaml_snippet_is_that_one() -> None:
    assert of("yaml", without=("scrape_configs",)) == []


def test_what_a_proxy_is_told_is_where_the_service_is() -> None:
    told = [line for snippet in ALL for line in snippet.text.splitlines() if line.startswith(NOT_OURS)]
    assert told == [f"caddy reverse-proxy --from {urlsplit(PUBLIC).netloc} --to {ADDRESS}"]


@pytest.mark.slow
@pytest.mark.parametrize("snippet", of("python", "GRPOTrainer("))
def test_trl_trains_with_the_reward_function(
    snippet: Snippet, service: Running, addressed: Addressed, tmp_path: Path
) -> None:
    tiny_model(tmp_path / "model")
    before = service.metric('fairmark_samples_total{grader="similarity",outcome="graded"}')
    text = re.sub(r'"[\w-]+/[\w.-]+(?=", reward)', f'"{tmp_path / "model"}', addressed(snippet.text))
    assert str(tmp_path / "model") in text
    offline = dict.fromkeys(["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"], "1")
    printed = run([sys.executable, "-c", text], tmp_path, OMP_NUM_THREADS="1", HF_HOME=str(tmp_path), **offline)
    assert "rewards/similarity/mean" in printed
    # Two steps of TRL's eight completions.
    assert service.metric('fairmark_samples_total{grader="similarity",outcome="graded"}') == before + 16


def tiny_model(folder: Path) -> None:
    """A random model that knows bytes, as small as the trainer takes it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = ["<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    byte = Tokenizer(models.BPE({character: place for place, character in enumerate(alphabet)}, []))
    byte.pre_tokenizer, byte.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=byte, eos_token="<end>", pad_token="<end>").save_pretrained(folder)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(alphabet), eos_token_id=0, pad_token_id=0, bos_token_id=0, **shape)
    LlamaForCausalLM(config).save_pretrained(folder)


def test_a_grader_is_one_file_one_line_and_one_test(tmp_path: Path) -> None:
    package = Path("graders", "fairmark_graders")
    shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for snippet in snippets("graders/README.md"):
        place, _, text = snippet.text.partition("\n")
        if place.startswith("# graders/") or place.startswith("# tests/"):
            write(tmp_path / place.removeprefix("# "), text)
    printed = run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "tests"],
        tmp_path,
        PYTHONPATH=str(tmp_path / "graders"),
    )
    assert "4 passed" in printed


def write(path: Path, text: str) -> None:
    """A new file, or another union in an old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        text, count = re.subn(r"(?ms)^AnyLeaf = Annotated\[.*?\]$", lambda _: text, path.read_text())
        assert count == 1
    path.write_text(text)
