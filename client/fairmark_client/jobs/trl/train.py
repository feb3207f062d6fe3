"""The program that trains: one run of a job, from its last checkpoint if there is one.

    python -m fairmark_client.jobs.trl.train FOLDER RUN SUPERVISOR

SIGTERM, or its supervisor's end, makes it save and stop after the step it is at. How it ended is in `outcome.json`.
"""

import os
import shutil
import signal
import sys
import time
import traceback
from typing import Any, Literal

from fairmark_graders import FairmarkError

from ...data.prepared import Prepared
from ...errors import Unreachable
from ..job import Spec
from .folder import Folder, Outcome

OUT_OF_MEMORY = (
    "out of memory: lower per_device_train_batch_size, num_generations, max_completion_length or max_length, or train "
    "an adapter (option lora)"
)

HALF_MODEL = ".model"

DISK_FULL = "the disk is full: make room, or keep fewer checkpoints (save_total_limit)"
NO_SPACE = ("No space left on device", "PytorchStreamWriter failed", "unexpected pos")
"""What Python and safetensors say of a full disk, and what torch does."""

NO_MEMORY = ("out of memory", "can't allocate memory")
"""What torch says of a GPU's memory and of a CPU's; the latter is a plain RuntimeError."""


class Stop:
    """Whether this run is to stop after the step it is at."""

    def __init__(self, supervisor: int) -> None:
        self._supervisor, self._told = supervisor, False

    def listen(self) -> None:
        """From now on. Until then SIGTERM ends the process at once, which has nothing to save before its first step."""
        signal.signal(signal.SIGTERM, self._tell)

    def __call__(self) -> bool:
        return self._told or os.getppid() != self._supervisor

    def _tell(self, number: int, frame: object) -> None:
        self._told = True


def train(folder: Folder, run: int, stop: Stop) -> bool:
    """Whether the job is done; it isn't when the run was stopped. Raises what kept it from training."""
    job = folder.job()
    assert job
    if job.spec.options.get("unsloth"):
        import unsloth  # noqa: F401  # patches TRL, so it comes before it
    from .chance import Chance
    from .reports import Reports

    trainer, rewards = (
        _reinforced(job.spec, folder) if job.spec.method == "rft" else (_supervised(job.spec, folder), None)
    )
    reports = Reports(folder, run, stop, rewards)
    trainer.add_callback(reports)
    trainer.add_callback(Chance())
    whole = folder.checkpoints()
    _remove_half(folder)
    stop.listen()
    if stop():  # its supervisor was killed while it loaded
        return False
    trainer.train(resume_from_checkpoint=str(whole[-1][1]) if whole else None)
    if reports.stopped:
        return False
    if trainer.state.global_step == 0:
        raise RuntimeError("no step was made: the rows don't fill one batch")
    _keep(trainer, folder)
    return True


def _reinforced(spec: Spec, folder: Folder) -> tuple[Any, Any]:
    from datasets import Dataset
    from trl import GRPOTrainer

    from . import configured, rows
    from .rewards import Rewards

    prepared = Prepared.open(spec.data)
    training, validation = rows.read(prepared, "rft", "train"), rows.read(prepared, "rft", "validation")
    config = configured.configured(spec, folder.saved, len(training), len(validation))
    assert spec.grader is not None
    rewards = Rewards(spec.grader, [*training, *validation], len(training), bool(spec.options.get("unsloth")))
    places = rows.order(len(training), rows.weights(prepared), configured.lay_out(config, len(training)), spec.seed)
    trainer = GRPOTrainer(
        reward_funcs=rewards.function,
        args=config,
        train_dataset=Dataset.from_list(rows.for_rewards(training)).select(places),
        eval_dataset=Dataset.from_list(rows.for_rewards(validation, len(training))) if validation else None,
        **_model(spec, config),
    )
    return trainer, rewards


def _supervised(spec: Spec, folder: Folder) -> Any:
    from datasets import Dataset
    from trl import SFTTrainer

    from . import configured, rows

    prepared = Prepared.open(spec.data)
    training, validation = rows.read(prepared, "sft", "train"), rows.read(prepared, "sft", "validation")
    config = configured.configured(spec, folder.saved, len(training), len(validation))
    places = rows.order(len(training), rows.weights(prepared), configured.lay_out(config, len(training)), spec.seed)
    return SFTTrainer(
        args=config,
        train_dataset=Dataset.from_list(training).select(places),
        eval_dataset=Dataset.from_list(validation) if validation else None,
        **_model(spec, config),
    )


def _model(spec: Spec, config: Any) -> dict[str, Any]:
    from .configured import lora

    adapter = lora(spec)
    if not spec.options.get("unsloth"):
        return {"model": spec.model, "peft_config": adapter}
    return _unsloth_model(spec, config, adapter)


def _unsloth_model(spec: Spec, config: Any, adapter: Any) -> dict[str, Any]:
    from unsloth import FastLanguageModel

    # SFT's rows whole; of GRPO's the prompt, and then the completion.
    longest = (getattr(config, "max_length", None) or 2048) + (getattr(config, "max_completion_length", None) or 0)
    model, tokenizer = FastLanguageModel.from_pretrained(
        spec.model, max_seq_length=longest, load_in_4bit=False, full_finetuning=adapter is None
    )
    if adapter is not None:
        chosen = adapter.target_modules
        targets = [chosen] if isinstance(chosen, str) else sorted(chosen)
        model = FastLanguageModel.get_peft_model(
            model,
            r=adapter.r,
            lora_alpha=adapter.lora_alpha,
            lora_dropout=adapter.lora_dropout,
            random_state=spec.seed,
            **({} if targets == ["all-linear"] else {"target_modules": targets}),  # which it takes by itself
        )
    return {"model": model, "processing_class": tokenizer}


def _remove_half(folder: Folder) -> None:
    """What a killed run left half of a checkpoint or the model is of no use, and may fill the disk."""
    whole = {path for _, path in folder.checkpoints()}
    for path in folder.saved.glob("checkpoint-*"):
        if path not in whole:
            shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder.path / HALF_MODEL, ignore_errors=True)


def _keep(trainer: Any, folder: Folder) -> None:
    """Put the final model in place at once: a folder `model` is a whole one."""
    half = folder.path / HALF_MODEL
    trainer.save_model(str(half))
    trainer.processing_class.save_pretrained(str(half))
    shutil.rmtree(folder.model, ignore_errors=True)
    half.rename(folder.model)


def can_go_on(error: BaseException) -> bool:
    """Whether the job can, once somebody has seen to the cause; any other error would come again."""
    return isinstance(error, Unreachable) or _disk_full(error)


def _disk_full(error: BaseException) -> bool:
    return any(said in str(error) for said in NO_SPACE)


def reason(error: BaseException) -> str:
    """One line."""
    if isinstance(error, MemoryError) or any(said in str(error) for said in NO_MEMORY):
        return OUT_OF_MEMORY
    if _disk_full(error):
        return DISK_FULL
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return text if isinstance(error, FairmarkError) else f"{type(error).__name__}: {text}".rstrip(": ")


def main(path: str, number: str, supervisor: str) -> int:
    folder, run, stop = Folder(path), int(number), Stop(int(supervisor))
    try:
        done = train(folder, run, stop)
        outcome = Outcome(run=run, status="succeeded" if done else "paused", at=time.time())
    except BaseException as error:
        _remove_half(folder)  # which on a full disk leaves no room for what is said next
        traceback.print_exc()
        said = f"{reason(error)}; the trainer's log is {folder.log}"
        status: Literal["paused", "failed"] = "paused" if can_go_on(error) else "failed"
        outcome = Outcome(run=run, status=status, at=time.time(), error=said)
    folder.write("outcome.json", outcome)
    return 1 if outcome.error else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
