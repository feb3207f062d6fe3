"""A checkpoint that generates in this process: a Transformers folder or hub name, or a PEFT adapter on its base."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..data.prepared import Row, item
from ..errors import ModelError
from .output import Decoding, Output
from .samples import Draw
from .source import Source

BATCH = 16
"""Prompts generated for at a time."""
_ADAPTER = "adapter_config.json"
_FILES = {".safetensors", ".bin", ".json"}


class Checkpoint(Source):
    """A causal language model, on the GPU where there is one.

    Prompts go through the tokenizer's chat template; where it has none, they are the messages' contents as plain text.
    The same rows under the same seeds give the same outputs on the same machine.
    """

    def __init__(self, named: str, adapter: Path | None = None) -> None:
        """Loads it. Raises `ModelError` where it, its base or a library is missing."""
        self.name = str(adapter or named)
        adapted = adapter or (Path(named) / _ADAPTER).exists()
        needed = ("torch", "transformers", "peft") if adapted else ("torch", "transformers")
        if missing := [library for library in needed if find_spec(library) is None]:
            raise ModelError(f"{self.name}: needs {', '.join(missing)}: pip install 'fairmark[trl]'")
        try:
            self.version = _version(*_base(named, adapter))
            self._tokenizer, self._model, self._ends = _loaded(named, adapter)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(f"{self.name}: can't be loaded: {str(error).strip().splitlines()[0]}") from None

    def outputs(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        """A batch at a time; the draws of a batch have one seed."""
        if decoding.response_format:
            raise ModelError(f"{self.name}: a checkpoint can't be held to a response format; an endpoint can")
        for seed in dict.fromkeys(draw.seed for draw in draws):
            same = [draw for draw in draws if draw.seed == seed]
            for start in range(0, len(same), BATCH):
                yield from self._batch(same[start : start + BATCH], decoding)

    def _batch(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        began = time.perf_counter()
        answers = self._generated(draws, decoding)
        seconds = round((time.perf_counter() - began) / len(draws), 3)
        for draw, tokens in zip(draws, answers, strict=True):
            yield Output(
                sample=self._tokenizer.decode(tokens, skip_special_tokens=True),
                item=item(draw.row),
                row=draw.place,
                seed=draw.seed,
                model=self.name,
                version=self.version,
                decoding=decoding,
                completion_tokens=len(tokens),
                truncated=tokens[-1] not in self._ends,
                seconds=seconds,
            )

    def _generated(self, draws: Sequence[Draw], decoding: Decoding) -> list[list[int]]:
        """The tokens of each answer, up to the one that ends it."""
        import torch

        encoded = self._encoded([self._text(draw.row) for draw in draws])
        self._check_length(draws, encoded["attention_mask"].sum(1).tolist(), decoding)
        # Batches under one seed must not draw the same numbers: their answers would go wrong together.
        torch.manual_seed(draws[0].seed * 1_000_003 + draws[0].place)
        with torch.inference_mode():
            whole = self._model.generate(**encoded, generation_config=self._settings(decoding))
        return [self._ended(row) for row in whole[:, encoded["input_ids"].shape[1] :].tolist()]

    def _encoded(self, texts: list[str]) -> Any:
        # A chat template writes its own first token.
        special = self._tokenizer.chat_template is None
        encoded = self._tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=special)
        return encoded.to(self._model.device)

    def _text(self, row: Row) -> str:
        if self._tokenizer.chat_template is None:
            return "\n\n".join(str(message["content"]) for message in row["prompt"])
        template = self._tokenizer.apply_chat_template
        text: str = template(row["prompt"], tools=row.get("tools"), add_generation_prompt=True, tokenize=False)
        return text

    def _check_length(self, draws: Sequence[Draw], lengths: Sequence[int], decoding: Decoding) -> None:
        longest = getattr(self._model.config, "max_position_embeddings", None)
        for draw, length in zip(draws, lengths, strict=True):
            if longest and length + decoding.max_tokens > longest:
                raise ModelError(
                    f"{self.name}: row {draw.place}: {length:,} tokens of prompt and {decoding.max_tokens:,} of answer "
                    f"are more than the {longest:,} the model can take"
                )

    def _settings(self, decoding: Decoding) -> Any:
        from transformers import GenerationConfig

        sampled = {"do_sample": True, "temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": 0}
        return GenerationConfig(
            max_new_tokens=decoding.max_tokens,
            eos_token_id=sorted(self._ends),
            pad_token_id=self._tokenizer.pad_token_id,
            **(sampled if decoding.temperature else {"do_sample": False}),
        )

    def _ended(self, tokens: list[int]) -> list[int]:
        end = next((place for place, token in enumerate(tokens) if token in self._ends), len(tokens) - 1)
        return tokens[: end + 1]


def _loaded(named: str, adapter: Path | None) -> tuple[Any, Any, set[int]]:
    """The tokenizer, the model, and the tokens that end an answer. An adapter's folder may have its own tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
    from transformers.utils import logging

    logging.disable_progress_bar()  # of a few seconds, and shown where there is no terminal
    base, adapter = _base(named, adapter)
    own = adapter if adapter and (adapter / "tokenizer_config.json").exists() else base
    tokenizer = AutoTokenizer.from_pretrained(own, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    ends = _ends(tokenizer, model)
    # What stands there, a top_k or a penalty, would be added to the decoding that is recorded.
    model.generation_config = GenerationConfig()
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter)
    return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), ends


def _base(named: str, adapter: Path | None) -> tuple[str, Path | None]:
    """The model to load, and the adapter to put on it."""
    if adapter is None and (Path(named) / _ADAPTER).exists():
        from peft import PeftConfig

        return str(PeftConfig.from_pretrained(named).base_model_name_or_path), Path(named)
    return named, adapter


def _version(base: str, adapter: Path | None) -> str | None:
    """Digits of the sizes and times of the model's files, which training in place changes; None for one of the hub."""
    folders = [Path(folder) for folder in (base, adapter) if folder and Path(folder).is_dir()]
    files = sorted(file for folder in folders for file in folder.iterdir() if file.suffix in _FILES)
    told = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12] if files else None


def _ends(tokenizer: Any, model: Any) -> set[int]:
    """The tokens that end an answer; a chat's may be another than a text's."""
    configured = model.generation_config.eos_token_id
    ends = configured if isinstance(configured, list) else [configured]
    return {token for token in (*ends, tokenizer.eos_token_id) if token is not None}
