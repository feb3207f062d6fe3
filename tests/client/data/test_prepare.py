"""The whole of `fairmark data prepare`, by the real command: repeatable, whole or not there, in bounded memory."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairmark_client.data.prepared import Prepared
from fairmark_client.errors import DataError

from ..cli import FAIRMARK, fairmark, fairmark_here, surroundings
from .imbalanced import jsonl, prepared, rows

LABELLED = ("--label", "label", "--rare", "anomaly")
SMALL = ("--target", "trl", "--method", "rft")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unwrapped(text: str) -> str:
    """What was printed, as if the terminal had no end."""
    return " ".join(text.split())


def test_the_command_says_each_step_and_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "rows.jsonl", rows(2000, 100))
    template = tmp_path / "prompt.txt"
    template.write_bytes("\ufeffIs this an anomaly?\r\n{{ item.text }}\r\n".encode())  # as an editor on Windows does
    out = tmp_path / "out"
    arguments = (
        *("data", "prepare", source, *LABELLED, "--ratio", "0.2", "--prompt", template),
        *("--group", "machine", "--map", "reference_answer=label", "--grader", "exact", "--seed", 3),
    )
    run = fairmark(*arguments, "--out", out, PYTHONHASHSEED="1")  # this process has another
    assert (run.returncode, run.stderr) == (0, "")
    assert fairmark_here(*arguments, "--out", tmp_path / "again").returncode == 0
    assert contents(out) == contents(tmp_path / "again")
    printed = unwrapped(run.stdout)
    for words in (
        "read · 2,000 rows, 100 of them 'anomaly': 5.00%",
        "│ machine │ text 2,000 │ 0 │",
        "50 entities by 'machine', each on one side",
        "over-sampled: ",
        "Is this an anomaly? ",
        "✓ " + str(out),
    ):
        assert words in printed
    data = Prepared.open(out)
    assert {path.name for path in out.iterdir()} == {
        *("train.jsonl", "validation.jsonl", "test.jsonl", "manifest.json", "openai", "trl")
    }
    assert data.changed() == []
    assert data.manifest.files.keys() == contents(out).keys() - {"manifest.json"}
    assert data.manifest.settings["seed"] == 3
    assert [step.name for step in data.manifest.steps] == ["read", "split", "resample", "format", "validate"]
    row = next(data.rows("test"))
    assert row["prompt"] == [{"role": "user", "content": f"Is this an anomaly?\n{row['text']}"}]
    assert data.manifest.files["train.jsonl"].rows == sum(1 for _ in data.rows("train"))


def test_another_seed_gives_another_split(tmp_path: Path) -> None:
    one, two = (prepared(rows(), tmp_path / str(seed), seed=seed) for seed in (0, 1))
    assert {row["text"] for row in one.rows("test")} != {row["text"] for row in two.rows("test")}


def test_the_manifest_names_the_source_by_its_hash(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "rows.jsonl", rows())
    from_file = prepared(source, tmp_path / "one").manifest
    digest = subprocess.run(["sha256sum", source], capture_output=True, text=True, check=True).stdout.split()[0]
    assert from_file.source == {"name": "rows.jsonl", "sha256": digest, "rows": 1000}
    from_python = [prepared(rows(seed=seed), tmp_path / f"out{place}").manifest for place, seed in enumerate((0, 0, 1))]
    assert [made.source["name"] for made in from_python] == ["list"] * 3
    assert [made.source["sha256"] == from_python[0].source["sha256"] for made in from_python] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ('{"text": "a", "label": "normal"}\n{"text": "b", "lab', (), "rows.jsonl: line 2: expected JSON"),
        ('{"text": "a", "lable": "normal"}\n', (), "line 1: no column 'label' for --label; did you mean 'lable'?"),
        ('{"text": "a", "label": "x"}\n', ("--prompt", "{{ item.txt }}"), "rows.jsonl: line 1: template: "),
        ("", ("--shares", "0.8,0.1,0.2"), "--shares: "),
        ("", ("--ratio", "1.5"), "--ratio: Input should be less than 1, got 1.5"),
        ("", ("--sampling", "smote"), "--sampling: Input should be 'over', 'under' or 'weights', got 'smote'"),
        ("", ("--target", "openai,vertex"), "--target: Input should be 'openai' or 'trl', got 'vertex'"),
        ("", ("--shares", "0.8,0.2"), "--shares: "),
        (
            "",
            ("--prompt", "prompt.text"),
            "--prompt: prompt.text: No such file or directory; expected a file, or a text",
        ),
        ("", ("--prompt", "Judge. " * 60), "--prompt: Judge. Judge."),
        ("", ("--map", "answer"), "--map: expected NEW=COLUMN, such as reference_answer=label, got 'answer'"),
        ("", ("--response-format", "none.json"), "--response-format: none.json: "),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exits_with_2(
    tmp_path: Path, text: str, options: tuple[str, ...], problem: str
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(text)
    run = fairmark_here("data", "prepare", source, *LABELLED, *SMALL, "--out", tmp_path / "out", *options)
    assert run.returncode == 2
    assert problem in run.stderr
    assert run.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [source]


def test_what_a_platform_refuses_is_named_and_exits_with_1(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "rows.jsonl", rows(60, 30))
    run = fairmark_here("data", "prepare", source, *LABELLED, "--target", "openai", "--out", tmp_path / "out")
    assert run.returncode == 1
    assert "✗ openai/rft/validation.jsonl: " in run.stdout
    assert Prepared.open(tmp_path / "out").manifest.steps[-1].counts["fatal"] > 0


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="out: exists already and isn't overwritten"):
        prepared(rows(), tmp_path / "out")
    assert contents(tmp_path) == {"out/thesis.txt": b"mine"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert prepared(rows(), tmp_path / "out").changed() == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


ENDLESS = """
import itertools, sys
from pathlib import Path
from fairmark_client.data.prepare import prepare
from fairmark_client.data.settings import Settings

def rows():
    for number in itertools.count():
        if number == 100:
            print("reading", flush=True)
        yield {"text": f"text {number}", "label": "anomaly" if number % 9 else "normal"}

prepare(rows(), Settings(label="label", rare="anomaly"), Path(sys.argv[1]))
"""


def test_killed_half_way_there_is_no_folder_of_that_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDLESS, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "reading\n"
        process.kill()
        process.wait(60)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".out.")


def test_ctrl_c_says_that_nothing_was_written(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    source = jsonl(tmp_path / "rows.jsonl", (row for _ in range(60) for row in rows()))
    command = [FAIRMARK, "data", "prepare", source, *LABELLED, "--out", tmp_path / "out"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=surroundings(), text=True, **pipes) as process:  # type: ignore[call-overload]
        wait_until(lambda: list(tmp_path.glob(".out.*/spool/rows.jsonl")), 60)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (130, "fairmark: stopped; nothing was written\n")
    assert list(tmp_path.iterdir()) == [source]


PEAK = """
import re, sys
from pathlib import Path
from fairmark_client.data.prepare import prepare
from fairmark_client.data.settings import Settings

settings = Settings(label="label", rare="anomaly", targets=("trl",), methods=("rft",), sampling="weights")
for source in sys.argv[1:]:
    prepare(source, settings, source + ".out")
    print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    narrow, wide = (
        jsonl(tmp_path / f"{width}.jsonl", ({**row, "filler": "x" * width} for row in rows(1200, 60)))
        for width in (10, 30_000)
    )
    command = [sys.executable, "-c", PEAK, str(narrow), str(wide)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    before, after = (1024 * int(peak) for peak in run.stdout.split())
    assert wide.stat().st_size > 36_000_000
    assert after - before < 36_000_000 / 5


def test_a_missing_library_is_named_with_the_extra_that_brings_it(tmp_path: Path) -> None:
    program = "import sys; sys.modules['datasketch'] = None; from fairmark_client.__main__ import main; main()"
    command = [sys.executable, "-c", program, "data", "prepare", "rows.jsonl", *LABELLED, "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert run.stderr == "fairmark: preparing data takes datasketch: pip install 'fairmark[data]'\n"


def test_show_tells_whether_the_files_are_as_they_were(tmp_path: Path) -> None:
    data = prepared(rows(), tmp_path / "out")
    shown = fairmark_here("data", "show", data.folder)
    assert shown.returncode == 0
    assert "1,000 rows, 20 of them 'anomaly'" in shown.stdout
    with (data.folder / "test.jsonl").open("a") as file:
        file.write(json.dumps(next(data.rows("train"))) + "\n")
    (data.folder / "trl" / "rft" / "train.jsonl").unlink()
    changed = fairmark_here("data", "show", data.folder)
    assert changed.returncode == 1
    assert changed.stdout.count("missing, or not what was written") == 2
    assert fairmark_here("data", "show", tmp_path).returncode == 2
