"""TRL's configuration of a job, made from its spec, and everything that is wrong with it found before anything starts.

Imports torch and TRL: for the trainer's process, and for `check.py`.
"""

import dataclasses
import math
import typing
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from trl import GRPOConfig, SFTConfig

from ...errors import JobRefused
from ..job import Spec

OURS = {
    "output_dir": "the job has a folder of its own (option folder)",
    "push_to_hub": "nothing leaves this machine; upload the job's folder model yourself",
    "resume_from_checkpoint": "that is for fairmark jobs resume",
    "seed": "it is the job's own setting",
}
"""Names of TRL's that a job sets itself, and why."""
LORA: dict[str, Any] = {"r": 16, "alpha": 32, "dropout": 0.0, "targets": "all-linear"}


def configured(spec: Spec, output: Path, train: int, validation: int) -> Any:
    """The `GRPOConfig` or `SFTConfig` for so many rows. Raises `JobRefused` naming the hyperparameter."""
    kind = GRPOConfig if spec.method == "rft" else SFTConfig
    names = {field.name for field in dataclasses.fields(kind) if field.init}
    given = {name: _checked(kind, names, name, value) for name, value in spec.hyperparameters.items()}
    settings = _defaults(spec, given, validation) | given | {"output_dir": str(output), "seed": spec.seed}
    try:
        config = kind(**{name: value for name, value in settings.items() if name in names})
    except (ImportError, TypeError, ValueError) as error:
        raise JobRefused(f"hyperparameters: {_first_line(error)}") from None
    _enough(config, train)
    return config


def _checked(kind: type, names: set[str], name: str, value: Any) -> Any:
    if name in OURS:
        raise JobRefused(f"hyperparameters.{name}: {OURS[name]}")
    if name not in names:
        near = get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]}?" if near else "see TRL's documentation of it"
        raise JobRefused(f"hyperparameters.{name}: {kind.__name__} of TRL has no such name; {hint}")
    try:
        checked = TypeAdapter(typing.get_type_hints(kind)[name]).validate_python(value)
    except ValidationError as error:
        raise JobRefused(f"hyperparameters.{name}: {error.errors()[0]['msg']}, got {value!r}") from None
    except (NameError, PydanticSchemaGenerationError):  # a type that only TRL's own environment knows
        return value
    # "5" and "True" become what they say; a whole number stays one where a share may stand too, as in save_steps.
    return value if isinstance(value, int) and isinstance(checked, float) else checked


def _defaults(spec: Spec, given: dict[str, Any], validation: int) -> dict[str, Any]:
    """What TRL doesn't default to, or not for a machine such as this; only the names that its version has are used."""
    cuda = torch.cuda.is_available()
    generations = given.get("num_generations", 8 if cuda else 4)
    batch = given.get("per_device_train_batch_size", generations if cuda else 2 * generations)
    evaluated = given.get("num_generations_eval", 1)
    # Twice as many as in training, where gradients take more than as much memory again: validation takes half the time.
    evaluating = 2 * batch if cuda else batch
    bf16 = cuda and torch.cuda.is_bf16_supported() and not given.get("fp16")
    common: dict[str, Any] = {
        "use_cpu": not cuda and not torch.backends.mps.is_available(),
        # Left alone, TRL turns bf16 on everywhere; on CPUs without the instructions it is ten times slower.
        "bf16": bf16,
        "gradient_checkpointing": cuda,
        "dataloader_pin_memory": cuda,
        "report_to": "none",
        "disable_tqdm": True,
        "logging_steps": 1,
        "num_train_epochs": 1,
        "per_device_train_batch_size": batch,
        "per_device_eval_batch_size": max(1, evaluating // evaluated) * evaluated,
        "save_strategy": "steps",
        "save_steps": 0.1,
        "save_total_limit": 3,
        "eval_strategy": "steps" if validation else "no",
        "eval_steps": 0.2,
    }
    if spec.options.get("lora"):
        # An adapter's matrices begin at nothing and want about ten times the rate of a whole model.
        common["learning_rate"] = 1e-5 if spec.method == "rft" else 2e-4
        if bf16 and not spec.options.get("unsloth"):
            # TRL loads 4 bytes a parameter, which a frozen model doesn't need: 7 billion wouldn't fit into 24 GB.
            common["model_init_kwargs"] = {"dtype": "bfloat16"}
    if spec.method == "sft":
        return common | {"train_sampling_strategy": "sequential"}
    reinforced = {"num_generations": generations, "num_generations_eval": evaluated, "shuffle_dataset": False}
    if not {"generation_batch_size", "steps_per_generation", "gradient_accumulation_steps"} & given.keys() and cuda:
        reinforced["gradient_accumulation_steps"] = 4
    return common | reinforced | ({} if cuda else {"max_completion_length": 64})


def rows_wanted(config: Any, rows: int) -> int:
    """How many rows, repetitions counted, the whole run takes."""
    if config.max_steps <= 0:
        return math.ceil(float(config.num_train_epochs) * rows)
    batches = int(config.max_steps * config.gradient_accumulation_steps)
    if isinstance(config, GRPOConfig):
        prompts = int(config.generation_batch_size // config.num_generations)
        return math.ceil(batches / int(config.steps_per_generation * config.num_iterations)) * prompts
    return batches * int(config.per_device_train_batch_size)


def lay_out(config: Any, rows: int) -> int:
    """How many rows to lay out for a run that goes through them once; its epochs are in there."""
    wanted = rows_wanted(config, rows)
    config.num_train_epochs = 1
    return wanted


def _enough(config: Any, rows: int) -> None:
    if not isinstance(config, GRPOConfig):
        return
    prompts, wanted = config.generation_batch_size // config.num_generations, rows_wanted(config, rows)
    if wanted < prompts:
        raise JobRefused(
            f"hyperparameters: one generation takes {prompts} prompts (generation_batch_size "
            f"{config.generation_batch_size} / num_generations {config.num_generations}), and the whole run has "
            f"{wanted}: no step would be made"
        )


def lora(spec: Spec) -> LoraConfig | None:
    """PEFT's configuration; None for a whole model. Raises `JobRefused` naming the option."""
    chosen = spec.options.get("lora")
    if not chosen:
        return None
    wished = LORA | (chosen if isinstance(chosen, dict) else {})
    return LoraConfig(
        r=wished["r"],
        lora_alpha=wished["alpha"],
        lora_dropout=wished["dropout"],
        target_modules=wished["targets"],
        task_type="CAUSAL_LM",
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
