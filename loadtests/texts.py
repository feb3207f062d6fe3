"""What trainers send, made up but of their shape and size; the same on every run."""

import random
from typing import Any

import orjson

_SAID = """
so we need the sum of both sides first then divide by two since each term appears twice in this expansion let me check
again wait that is wrong because remainder must be smaller than the divisor now substitute back number target equals
minus plus times gives therefore hence answer step case when if let suppose multiply
"""
_WORDS = _SAID.split()
_MARKS = ["\n\n", "\n", ". ", ": ", ", ", ' "x" ', " \\frac{1}{2} ", " 3 * (11 - 4) = 21 ", " $n^2$ "]
_NON_ASCII = [" → ", " × ", " ≤ ", " é "]


def text(chance: random.Random, length: int) -> str:
    """About `length` characters of a model thinking aloud; one in four such texts leaves ASCII."""
    marks = _MARKS + _NON_ASCII if chance.random() < 0.25 else _MARKS
    parts: list[str] = []
    size = 0
    while size < length:
        parts += chance.choices(_WORDS, k=8)
        parts[-1] += chance.choice(marks)
        size += sum(map(len, parts[-8:])) + 8
    return " ".join(parts)[:length]


def rollout(chance: random.Random, length: int) -> dict[str, Any]:
    """One sample of 42-or-not: half think in tags and answer, half of those rightly; the others' text is all answer."""
    thinking = text(chance, length)
    answer = chance.choice(["42", "17"])
    said = f"<think>\n{thinking}\n</think>\n\n{answer}" if chance.random() < 0.5 else thinking
    return {"sample": {"output_text": said}, "item": {"reference_answer": "42"}}


def batch(seed: int, samples: int = 64) -> bytes:
    """A `/v1/grade` body of samples of 0.5 to 4 KB, evenly spread."""
    chance = random.Random(seed)
    rows = [rollout(chance, chance.randrange(500, 4000)) for _ in range(samples)]
    return orjson.dumps({"grader": "exact", "samples": rows})


def azure(seed: int) -> bytes:
    """A body as Azure's endpoint grader sends it (reference: Microsoft's RFT_EndpointGrader sample), 1 to 2 KB."""
    chance = random.Random(seed)
    answer = str(chance.randrange(1000))
    prompt = text(chance, round(chance.uniform(400, 1400)))
    message = {"role": "assistant", "content": answer, "tool_calls": []}
    sample = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "output_text": answer,
        "output_json": int(answer),
        "output_tools": [],
        "output_reasoning_summary": None,
    }
    item = {
        "messages": [
            {"name": None, "role": "developer", "content": "Answer with the number alone."},
            {"name": None, "role": "user", "content": prompt},
        ],
        "tools": None,
        "parallel_tool_calls": True,
        "reference_answer": answer,
    }
    return orjson.dumps({"sample": sample, "item": item, "trace_id": f"trace_{chance.getrandbits(128):032x}"})


def pairs(seed: int, samples: int, length: int, grader: str) -> bytes:
    """A `/v1/grade` body of texts beside references like them; no two cases in it, or in two seeds, are equal."""
    chance = random.Random(seed)
    rows = []
    for place in range(samples):
        reference = f"{seed}.{place} {text(chance, length)}"
        rows.append({"sample": {"output_text": f"{reference} or so"}, "item": {"reference_answer": reference}})
    return orjson.dumps({"grader": grader, "samples": rows})
