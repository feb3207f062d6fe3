"""The program that looks at a job before it is made, since only TRL itself knows what it takes.

    python -m fairmark_client.jobs.trl.check < SPEC

Prints one line and ends with `REFUSED` where the job can't work.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from fairmark_graders import FairmarkError

from ...data.prepared import Prepared
from ...errors import JobRefused
from ..job import Spec
from .folder import REFUSED


def check(spec: Spec) -> None:
    """Raises `JobRefused` naming the field."""
    if spec.options.get("unsloth"):
        _check_unsloth()
    from . import configured, rows

    prepared = Prepared.open(spec.data)
    training, validation = (rows.read(prepared, spec.method, side) for side in ("train", "validation"))
    if not training:
        raise JobRefused("data: there is no row to train on")
    config = configured.configured(spec, Path("checkpoints"), len(training), len(validation))
    configured.lora(spec)
    _check_model(spec.model, bool(getattr(config, "chat_template_path", None)))


def _check_unsloth() -> None:
    """Before TRL is imported, which takes longer than all of this."""
    import torch

    missing = [] if torch.cuda.is_available() else ["an NVIDIA GPU that torch can use"]
    missing += [] if find_spec("unsloth") else ["the package unsloth"]
    if missing:
        raise JobRefused(
            f"options.unsloth: {' and '.join(missing)} is missing; leave the option out to train with TRL alone, or "
            "run where there is a CUDA GPU, in an environment with pip install unsloth 'fairmark[trl]'"
        )


def _check_model(model: str, template_comes: bool) -> None:
    """Prompts are chat messages, so the tokenizer must know how to write them."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        AutoConfig.from_pretrained(model)
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (ImportError, KeyError, OSError, ValueError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise JobRefused(f"model: {model} can't be loaded: {said[0]}") from None
    if not template_comes and tokenizer.chat_template is None:
        raise JobRefused(
            f"model: the tokenizer of {model} has no chat template, and prompts are chat messages; take a model that "
            "was tuned on instructions, or give its tokenizer a template"
        )


if __name__ == "__main__":
    try:
        check(Spec.model_validate_json(sys.stdin.read()))
    except FairmarkError as refusal:
        print(" ".join(str(refusal).split()))
        sys.exit(REFUSED)
