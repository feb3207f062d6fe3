"""Outputs from checkpoints: a tiny random Llama, in whole and under a LoRA adapter."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from fairmark_client.data.prepared import Row
from fairmark_client.errors import DataError, ModelError
from fairmark_client.outputs.opening import open_source
from fairmark_client.outputs.output import Decoding, Output

from ..training import make_tiny

ROWS: list[tuple[int, Row]] = [
    (place, {"prompt": [{"role": "user", "content": "abc" * (place + 1)}], "reference_answer": "x"})
    for place in range(18)
]
SAMPLED = Decoding(max_tokens=12)
GREEDY = Decoding(temperature=0, max_tokens=12)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """More than one on shared cores takes ten times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def changed(tiny: Path, tmp_path: Path) -> Callable[..., Path]:
    """The tiny model with other fields in one of its files."""

    def change(name: str, **fields: Any) -> Path:
        folder = Path(shutil.copytree(tiny, tmp_path / "changed"))
        file = folder / name
        file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))
        return folder

    return change


@pytest.fixture(scope="module")
def adapter(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA that isn't nothing, as PEFT saves it."""
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(tiny)
    get_peft_model(base, LoraConfig(r=4, lora_alpha=64, init_lora_weights=False)).save_pretrained(folder)
    return folder


def sampled(folder: Path, decoding: Decoding, rows: list[tuple[int, Row]] = ROWS, **options: Any) -> list[Output]:
    return open_source(str(folder), **options).sample(rows, [0], decoding)


def said(outputs: list[Output]) -> list[Any]:
    return [output.sample for output in outputs]


def test_a_seed_gives_the_same_outputs_again_and_another_gives_others(tiny: Path) -> None:
    source = open_source(str(tiny))
    first, again, other = (said(source.sample(ROWS, [seed], SAMPLED)) for seed in (5, 5, 6))
    assert first == again
    assert sum(one != another for one, another in zip(first, other, strict=True)) > 15


def test_batches_under_one_seed_do_not_draw_the_same_numbers(tiny: Path) -> None:
    same = [(place, ROWS[0][1]) for place in range(32)]
    outputs = said(sampled(tiny, SAMPLED, same))
    assert outputs[:16] != outputs[16:]


def test_a_prompt_is_answered_the_same_alone_and_among_longer_ones(tiny: Path) -> None:
    assert said(sampled(tiny, GREEDY)) == [said(sampled(tiny, GREEDY, [row]))[0] for row in ROWS]


def test_the_decoding_is_the_recorded_one_whatever_the_checkpoint_says(
    tiny: Path, changed: Callable[..., Path]
) -> None:
    forced = changed("generation_config.json", top_k=1, repetition_penalty=5.0, do_sample=True)
    assert said(sampled(forced, SAMPLED)) == said(sampled(tiny, SAMPLED))


def test_an_answer_ends_with_any_token_that_ends_one_or_is_marked_as_cut_off(changed: Callable[..., Path]) -> None:
    outputs = sampled(changed("generation_config.json", eos_token_id=list(range(30))), SAMPLED)
    assert {output.truncated for output in outputs} == {True, False}
    for output in outputs:
        assert output.completion_tokens is not None
        assert output.truncated == (output.completion_tokens == 12) or not output.truncated


def test_a_chat_template_frames_the_prompt(tiny: Path, changed: Callable[..., Path]) -> None:
    template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}>{% endif %}"
    )
    framed = {"prompt": [{"role": "user", "content": f"<user>{ROWS[0][1]['prompt'][0]['content']}>"}]}
    chat = changed("tokenizer_config.json", chat_template=template)
    assert said(sampled(chat, GREEDY, ROWS[:1])) == said(sampled(tiny, GREEDY, [(0, framed)]))


def test_an_adapter_is_put_on_its_base(tiny: Path, adapter: Path) -> None:
    alone, named = sampled(adapter, GREEDY), sampled(tiny, GREEDY, adapter=str(adapter))
    assert said(alone) == said(named) != said(sampled(tiny, GREEDY))
    assert alone[0].model == named[0].model == str(adapter)


def test_a_prompt_that_leaves_no_room_for_the_answer_is_named(tiny: Path) -> None:
    long = {"prompt": [{"role": "user", "content": "a" * 2_000}]}
    with pytest.raises(ModelError, match=r"row 9: 2,000 tokens of prompt and 100 of answer are more than the 2,048"):
        sampled(tiny, Decoding(max_tokens=100), [ROWS[0], (9, long)])


def test_what_holds_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be loaded"):
        open_source(str(tmp_path))


def test_a_checkpoint_takes_no_model_name(tiny: Path) -> None:
    with pytest.raises(DataError, match="model: only an endpoint takes one"):
        open_source(str(tiny), model="m")


def test_samples_of_a_checkpoint_that_was_trained_on_in_its_place_are_not_taken_for_its_own(
    changed: Callable[..., Path], tmp_path: Path
) -> None:
    folder = changed("config.json")
    samples = tmp_path / "samples.jsonl"
    for _ in range(2):
        assert len(open_source(str(folder)).sample(ROWS[:2], [0], GREEDY, samples=samples)) == 2
    weights = folder / "model.safetensors"
    os.utime(weights, ns=(0, weights.stat().st_mtime_ns + 1))
    with pytest.raises(DataError, match="line 1: sampled before the files of .* changed; name another file"):
        open_source(str(folder)).sample(ROWS[:2], [0], GREEDY, samples=samples)
