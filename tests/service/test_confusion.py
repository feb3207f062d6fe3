"""The live confusion matrix: cells counted by a real service, and the recording rules that make ratios of them."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.prometheus import Promtool
from tests.running import Running, Serve

from fairmark_graders import Verdict
from fairmark_graders.classification import SEVERAL
from fairmark_graders.types import Cell
from fairmark_service.catalog import INLINE
from fairmark_service.engine import Engine, Result, Work
from fairmark_service.metrics import INLINE_LABELS, Metrics

RULES = Path(__file__).parents[2] / "helm" / "fairmark" / "rules" / "classification.yaml"
LABEL = {
    "type": "classification",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.label }}",
    "labels": ["normal", "anomaly"],
    "natural_shares": {"normal": 49, "anomaly": 1},
}
SIMILAR = {
    "type": "text_similarity",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.text }}",
    "evaluation_metric": "fuzzy_match",
}
GRADED = {"type": "multi", "graders": {"kind": LABEL, "text": SIMILAR}, "calculate_output": "kind * text"}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of one classification and of a multi with one in it."""
    catalog = tmp_path_factory.mktemp("catalog")
    for name, grader in (("traffic", LABEL), ("report", GRADED)):
        (catalog / f"{name}.json").write_text(json.dumps(grader))
    running = Running("--catalog", str(catalog))
    yield running
    running.stop()


def ask(service: Running, grader: Any, *answers: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    """Results for answers, each with its right label."""
    samples = [{"sample": text, "item": {"label": label, "text": "anomaly"}} for text, label in answers]
    answer = service.post("/v1/grade", {"grader": grader, "samples": samples, **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def cells(text: str, grader: str, run: str = "") -> dict[tuple[str, str], float]:
    """The confusion matrix of one grader and run, by expected and found label."""
    return {
        (sample.labels["expected"], sample.labels["found"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "fairmark_classification_cells_total"
        if (sample.labels["grader"], sample.labels["run"]) == (grader, run)
    }


def scraped(service: Running) -> str:
    return httpx.get(f"{service.url}/metrics").text


def test_each_sample_is_counted_in_its_cell_of_its_run(watched: Running) -> None:
    answers = [("normal", "normal"), ("normal", "anomaly"), ("normal or anomaly", "anomaly"), ("?", "anomaly")]
    for run in ("first", "second", "second"):
        ask(watched, "traffic", *answers, ("normal", "normal"), ("normal", "odd"), run=run)
    once = {("normal", "normal"): 2, ("anomaly", "normal"): 1, ("anomaly", "(several)"): 1, ("anomaly", "(none)"): 1}
    assert cells(scraped(watched), "traffic", "first") == once
    assert cells(scraped(watched), "traffic", "second") == {cell: 2 * count for cell, count in once.items()}


def test_a_part_of_a_multi_is_counted_whether_the_rest_was_cached_or_not(watched: Running) -> None:
    hits = watched.metric('fairmark_cache_hits_total{tier="memory"}')
    for _ in range(2):
        ask(watched, "report", ("anomaly", "anomaly"), ("normal", "anomaly"), ("normal", "anomaly"), run="parts")
    assert watched.metric('fairmark_cache_hits_total{tier="memory"}') > hits
    assert cells(scraped(watched), "report/kind", "parts") == {("anomaly", "anomaly"): 2, ("anomaly", "normal"): 4}


def test_a_sample_that_is_ungradable_as_a_whole_is_still_in_the_cell_of_its_part(watched: Running) -> None:
    body = {"sample": "normal", "item": {"label": "anomaly"}}
    assert (
        watched.post("/v1/grade", {"grader": "report", "run": "half", "samples": [body]}).json()["results"][0]["score"]
        is None
    )
    assert cells(scraped(watched), "report/kind", "half") == {("anomaly", "normal"): 1}


def test_a_caller_without_a_run_is_counted_too(watched: Running) -> None:
    before = cells(scraped(watched), "traffic")
    sample = {"sample": {"output_text": "anomaly"}, "item": {"label": "anomaly"}}
    assert watched.post("/endpoint/traffic", sample).json() == {"score": 1.0}
    assert cells(scraped(watched), "traffic") == before | {
        ("anomaly", "anomaly"): before.get(("anomaly", "anomaly"), 0) + 1
    }


def test_classifications_inside_requests_share_one_name(watched: Running) -> None:
    odd = {**LABEL, "labels": ["odd", "even"], "natural_shares": None}
    ask(watched, odd, ("odd", "even"), run="inline")
    ask(watched, {**GRADED, "graders": {"kind": odd, "text": SIMILAR}}, ("odd", "even"), run="inline")
    assert cells(scraped(watched), INLINE, "inline") == {("even", "odd"): 2}


def test_natural_shares_are_exported_as_shares_for_each_part(watched: Running) -> None:
    for grader in ("traffic", "report/kind"):
        for label, share in (("normal", 0.98), ("anomaly", 0.02)):
            line = f'fairmark_classification_natural_share{{grader="{grader}",label="{label}"}}'
            assert watched.metric(line) == pytest.approx(share)


def test_a_grader_that_is_gone_has_no_natural_share(serve: Serve, tmp_path: Path, wait_until: Any) -> None:
    (tmp_path / "traffic.json").write_text(json.dumps(LABEL))
    (tmp_path / "other.json").write_text(json.dumps(SIMILAR))
    service = serve("--catalog", tmp_path)
    assert 'natural_share{grader="traffic"' in scraped(service)
    (tmp_path / "traffic.json").unlink()
    wait_until(lambda: 'natural_share{grader="traffic"' not in scraped(service))


def test_labels_that_come_in_requests_are_bounded() -> None:
    metrics = Metrics()
    for number in range(2 * INLINE_LABELS):
        metrics.classified(INLINE, None, [Cell(f"label {number}", SEVERAL)], 1)
    counted = cells(metrics.expose().decode(), INLINE)
    assert len(counted) < INLINE_LABELS
    assert counted["(other)", SEVERAL] > INLINE_LABELS
    assert sum(counted.values()) == 2 * INLINE_LABELS


@pytest.mark.anyio
async def test_cells_are_counted_once_for_each_of_equal_results(engine: Engine) -> None:
    result = Result(Verdict(0.0, cells=(Cell("a", "b"), Cell("c", "d", "part"))), "g", "g@1")
    engine.observe(Work([]), [result] * 5)
    text = engine.metrics.expose().decode()
    assert (cells(text, "g"), cells(text, "g/part")) == ({("a", "b"): 5}, {("c", "d"): 5})


def test_what_a_service_exports_and_the_rules_reckon_is_what_its_samples_say(
    promtool: Promtool, watched: Running, tmp_path: Path
) -> None:
    shares = {"normal": 0.98, "anomaly": 0.02}
    draw = random.Random(3)
    pairs = Counter(draw.choices([(label, found) for label in shares for found in (*shares, "?")], range(2, 8), k=900))
    answers = [(found, label) for (label, found), count in pairs.items() for _ in range(count)]
    ask(watched, "traffic", *answers, run="rules")
    series = [line for line in scraped(watched).splitlines() if 'run="rules"' in line and "cells_total{" in line]
    series += [line for line in scraped(watched).splitlines() if re.match(r".*natural_share\{.*traffic", line)]
    expected = {
        (prior, kind, label): value
        for prior, weights in (("observed", None), ("natural", shares))
        for label in shares
        for kind, value in ratios(pairs, label, weights).items()
    }
    page = tmp_path / "test.json"
    page.write_text(json.dumps(unit_test(series, expected)))
    promtool.test_rules(page)


def ratios(pairs: Counter[tuple[str, str]], label: str, shares: dict[str, float] | None) -> dict[str, float]:
    """The four numbers by their textbook formulas, each sample weighted by its label's share where there are any."""
    of = Counter(expected for expected, _ in pairs.elements())
    weights = {expected: shares[expected] / of[expected] if shares else 1.0 for expected in of}
    seen = [(expected == label, found == label, weights[expected]) for expected, found in pairs.elements()]
    true = sum(weight for is_label, said, weight in seen if is_label and said)
    false = sum(weight for is_label, said, weight in seen if not is_label and said)
    positives = sum(weight for is_label, _, weight in seen if is_label)
    negatives = sum(weight for is_label, _, weight in seen if not is_label)
    precision, recall = true / (true + false), true / positives
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": precision, "recall": recall, "false_positive_rate": false / negatives, "f1": f1}


def unit_test(series: list[str], expected: dict[tuple[str, str, str], float]) -> dict[str, Any]:
    """A test file of promtool's, for what one scrape holds (JSON is YAML)."""
    return {
        "rule_files": [str(RULES)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": f"{value}x5"} for name, value in (line.rsplit(" ", 1) for line in series)
                ],
                "promql_expr_test": [
                    {
                        "expr": f'round(fairmark:classification_{kind}:1h{{prior="{prior}",label="{label}"}}, 0.0001)',
                        "eval_time": "5m",
                        "exp_samples": [
                            {
                                "labels": f'{{grader="traffic",run="rules",prior="{prior}",label="{label}"}}',
                                "value": round(value, 4),
                            }
                        ],
                    }
                    for (prior, kind, label), value in expected.items()
                ],
            }
        ],
    }
