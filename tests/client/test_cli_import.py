"""`fairmark graders import`."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from fairmark_client.commands.graders_import import import_
from fairmark_graders.fixtures import prove
from fairmark_graders.grader_file import grader_files, read_grader

from .cli import fairmark, fairmark_here

KEY = "example-key-change-me"
CHECK = {
    "type": "string_check",
    "name": "compliant",
    "input": "{{ sample.output_json.compliant }}",
    "reference": "{{ item.reference_answer.compliant }}",
    "operation": "eq",
}
ITEM = {"reference_answer": {"compliant": "the reference"}}
LIKE = {
    "type": "text_similarity",
    "name": "like",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.text }}",
    "evaluation_metric": "fuzzy_match",
}
SOURCE = "def grade(sample, item):\n    return float(sample['output_text'] == item['answer'])\n"
SCORE = {"type": "score_model", "name": "explanation", "model": "gpt-4o", "input": [{"role": "user", "content": "?"}]}
ENDPOINT = {
    "type": "endpoint",
    "name": "remote",
    "url": "https://grader.example.com/grade",
    "headers": {"X-Functions-Key": "**********"},
}


def multi(graders: Any, formula: str) -> dict[str, Any]:
    return {"type": "multi", "name": "both", "graders": graders, "calculate_output": formula}


def job(grader: dict[str, Any]) -> dict[str, Any]:
    """A job as Azure's reply to a create has it."""
    reinforcement = {"grader": grader, "hyperparameters": {"batch_size": "auto"}}
    return {
        "id": "ftjob-abc123",
        "object": "fine_tuning.job",
        "error": {},
        "status": "succeeded",
        "model": "o4-mini-2025-04-16",
        "hyperparameters": None,
        "method": {"type": "reinforcement", "reinforcement": reinforcement},
    }


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> "Imported":
    """Imports a source into a folder: exit code, what was printed, the folder."""

    def run(source: Any, name: str | None = None) -> tuple[int, str, Path]:
        file, folder = tmp_path / "source.json", tmp_path / "catalog"
        file.write_text(source if isinstance(source, str) else json.dumps(source))
        code = 0
        try:
            import_(str(file), folder, name, None, "OPENAI_API_KEY")
        except typer.Exit as end:
            code = end.exit_code
        return code, "".join(capsys.readouterr()), folder

    return run


Imported = Callable[..., tuple[int, str, Path]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_job_gives_its_grader_with_fixtures_that_pass(imported: Imported) -> None:
    code, printed, folder = imported(job(CHECK))
    assert (code, names(folder)) == (0, ["compliant.tests.jsonl", "compliant.yaml"])
    assert read_grader(folder / "compliant.yaml").to_openai() == CHECK
    assert [json.loads(line) for line in (folder / "compliant.tests.jsonl").read_text().splitlines()] == [
        {"sample": '{"compliant": "the reference"}', "item": ITEM, "score": 1},
        {"sample": '{"compliant": "something else"}', "item": ITEM, "score": 0},
        {"sample": '{"compliant": "the reference"}', "item": {}, "outcome": "ungradable"},
    ]
    assert "nothing is trimmed or normalised here; OpenAI doesn't say whether it does" in printed
    prove(folder / "compliant.yaml", read_grader(folder / "compliant.yaml"))


def test_a_python_grader_is_its_source(imported: Imported) -> None:
    grader = {"type": "python", "name": "grader-R5FhpA6BFQlo", "source": SOURCE, "image_tag": "2025-05-08"}
    code, printed, folder = imported(grader)
    assert (code, names(folder)) == (0, ["grader-R5FhpA6BFQlo.py"])
    assert (folder / "grader-R5FhpA6BFQlo.py").read_text() == SOURCE
    assert "image_tag: 2025-05-08 chooses nothing here" in printed


def test_what_a_source_can_not_say_stays_with_it(imported: Imported) -> None:
    _, _, folder = imported({"type": "python", "name": "own", "source": SOURCE, "pass_threshold": 0.5})
    assert names(folder) == ["own.yaml"]
    assert "source: |\n" in (folder / "own.yaml").read_text()
    assert read_grader(folder / "own.yaml").to_openai() == {
        "type": "python",
        "name": "own",
        "source": SOURCE,
        "pass_threshold": 0.5,
    }


@pytest.mark.parametrize(
    ("graders", "said"),
    [
        ({"compliant": CHECK, "like": LIKE}, ""),
        ([CHECK, LIKE], "graders: was an array; each is a part under its own name now"),
    ],
)
def test_a_multi_has_its_parts_by_name_however_it_was_typed(imported: Imported, graders: Any, said: str) -> None:
    code, printed, folder = imported({"grader": multi(graders, "0.5 * compliant + 0.5 * like")})
    assert code == 0, printed
    assert yaml.safe_load((folder / "both.yaml").read_text())["graders"] == {"compliant": CHECK, "like": LIKE}
    assert said in printed
    assert "like: OpenAI names no version and no parameters of its metrics" in printed.replace("\n", " ")


def test_a_multi_that_is_typed_as_a_single_grader_has_it_as_its_part(imported: Imported) -> None:
    code, printed, folder = imported(multi(LIKE, "like / 2"))
    assert code == 0
    assert yaml.safe_load((folder / "both.yaml").read_text())["graders"] == {"like": LIKE}
    assert "graders: was a single grader; it is a part under its own name now" in printed
    assert "OpenAI leaves the base of log, division by zero and signs open" in printed
    assert names(folder) == ["both.tests.jsonl", "both.yaml"]


def test_types_that_are_not_built_yet_are_kept_where_a_catalog_leaves_them_alone(imported: Imported) -> None:
    whole = multi({"compliant": CHECK, "explanation": SCORE, "remote": ENDPOINT}, "compliant + explanation + remote")
    code, printed, folder = imported(job(whole))
    assert (code, names(folder), grader_files(folder)) == (1, ["both.yaml.unsupported"], [])
    assert f"✗ {folder}/both.yaml.unsupported: not supported yet: explanation: score_model" in printed
    assert "not supported yet: remote: endpoint" in printed
    kept = yaml.safe_load((folder / "both.yaml.unsupported").read_text())
    headers = {"X-Functions-Key": "${X_FUNCTIONS_KEY}"}
    assert kept == whole | {"graders": whole["graders"] | {"remote": ENDPOINT | {"headers": headers}}}
    assert "remote: headers.X-Functions-Key: ${X_FUNCTIONS_KEY} stands for it, since the platform hides its value" in (
        printed
    )


def test_a_header_with_its_value_is_not_written_anywhere(imported: Imported) -> None:
    code, printed, folder = imported(ENDPOINT | {"headers": {"Authorization": f"Bearer {KEY}", "A": "${B}"}})
    kept = (folder / "remote.yaml.unsupported").read_text()
    assert code == 1
    assert KEY not in printed + kept
    assert yaml.safe_load(kept)["headers"] == {"Authorization": "${AUTHORIZATION}", "A": "${B}"}


def test_an_operation_that_no_document_has_is_named_and_kept(imported: Imported) -> None:
    code, printed, folder = imported(CHECK | {"operation": "contains"})
    assert (code, names(folder)) == (1, ["compliant.yaml.unsupported"])
    assert "operation: input should be 'eq', 'ne', 'like' or 'ilike'" in printed


def test_testing_criteria_give_a_grader_each(imported: Imported) -> None:
    criteria = [CHECK | {"id": "c-1"}, LIKE | {"pass_threshold": 0.8, "name": "very like: it"}]
    code, printed, folder = imported({"object": "eval", "testing_criteria": criteria})
    assert (code, [path.name for path in grader_files(folder)]) == (0, ["compliant.yaml", "very_like_it.yaml"])
    assert "id: left out; it is the criterion's at OpenAI" in printed
    assert read_grader(folder / "very_like_it.yaml").to_openai()["pass_threshold"] == 0.8


def test_cosine_is_not_supported_yet(imported: Imported) -> None:
    code, printed, folder = imported(LIKE | {"evaluation_metric": "cosine"})
    assert (code, names(folder)) == (1, ["like.yaml.unsupported"])
    assert printed.count("✗") == 1
    assert "not supported yet: text_similarity with cosine" in printed


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{", "source.json: expected JSON"),
        ({"object": "list"}, "source: expected a job, a grader or testing criteria, got"),
        (job(CHECK) | {"method": {"type": "supervised"}}, "the job has no grader; its type is 'supervised'"),
        ([CHECK, CHECK], "name: 'compliant' is there twice"),
        (multi([CHECK, {"type": "python"}], "compliant"), "graders[1].name: expected a name of its own"),
        (multi("compliant", "1"), "graders: expected an object of graders, an array of them, or one"),
    ],
)
def test_what_holds_no_grader_exits_with_2_and_writes_nothing(imported: Imported, source: Any, said: str) -> None:
    code, printed, folder = imported(source)
    assert (code, names(folder)) == (2, [])
    assert said in printed


def test_nothing_is_overwritten_and_a_name_can_be_given(imported: Imported) -> None:
    assert imported(CHECK, "first")[0] == 0
    code, printed, folder = imported(LIKE, "first")
    assert (code, names(folder)) == (2, ["first.tests.jsonl", "first.yaml"])
    assert "first.yaml is there already" in printed


class Platform:
    """A fine-tuning API with one job."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.job = job(multi({"compliant": CHECK}, "compliant"))
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                platform.asked.append((self.path, self.headers["authorization"]))
                there = self.path == "/v1/fine_tuning/jobs/ftjob-abc123"
                error = {"error": {"message": "no such job", "type": "invalid_request_error", "param": "id"}}
                answer = json.dumps(platform.job if there else error).encode()
                self.send_response(200 if there else 404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


@pytest.fixture
def platform() -> Iterator[Platform]:
    started = Platform()
    thread = threading.Thread(target=started.server.serve_forever, args=(0.01,))
    thread.start()
    yield started
    started.server.shutdown()
    thread.join()
    started.server.server_close()


def test_a_job_is_read_by_its_id_through_the_real_sdk(platform: Platform, tmp_path: Path) -> None:
    command = ("graders", "import", "ftjob-abc123", "--into", tmp_path, "--base-url", platform.url)
    done = fairmark(*command, OPENAI_API_KEY=KEY)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path) == ["both.tests.jsonl", "both.yaml"]
    assert platform.asked == [("/v1/fine_tuning/jobs/ftjob-abc123", f"Bearer {KEY}")]
    assert (tmp_path / "both.yaml").read_text().startswith("# From ftjob-abc123, by fairmark graders import.\n")


@pytest.mark.parametrize(
    ("job", "options", "said"),
    [
        ("ftjob-nope", (), "no such job"),
        ("ftjob-abc123", ("--key-env", "NO_SUCH_KEY"), "the environment variable NO_SUCH_KEY is not set"),
        ("ftjob-abc123", ("--base-url", "http://example.com/v1"), "--base-url: expected https://host/path"),
    ],
)
def test_a_job_that_can_not_be_read_exits_with_2(
    platform: Platform, tmp_path: Path, job: str, options: tuple[str, ...], said: str
) -> None:
    command = ("graders", "import", job, "--into", tmp_path, "--base-url", platform.url)
    done = fairmark_here(*command, *options, OPENAI_API_KEY=KEY)
    assert (done.returncode, names(tmp_path)) == (2, [])
    assert said in done.stderr
    assert KEY not in done.stderr
