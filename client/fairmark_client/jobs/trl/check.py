"""The program that looks at a job before it is made, since only TRL itself knows what it takes.

    python -m fairmark_client.jobs.trl.check < SPEC

Prints one line and ends with 1 where the job can't work.
"""

import sys
from pathlib import Path

from fairmark_graders import FairmarkError

from ...data.prepared import Prepared
from ...errors import JobRefused
from ..job import Spec


def check(spec: Spec) -> None:
    """Raises `JobRefused` naming the field."""
    from . import configured, rows

    if spec.options.get("unsloth"):
        configured.check_unsloth()
    prepared = Prepared.open(spec.data)
    training, validation = (rows.read(prepared, spec.method, side) for side in ("train", "validation"))
    if not training:
        raise JobRefused("data: there is no row to train on")
    config = configured.configured(spec, Path("checkpoints"), len(training), len(validation))
    configured.lora(spec)
    _check_model(spec.model, bool(getattr(config, "chat_template_path", None)))


def _check_model(model: str, template_comes: bool) -> None:
    """Prompts are chat messages, so the tokenizer must know how to write them."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        AutoConfig.from_pretrained(model)
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError) as error:
        raise JobRefused(f"model: {model} can't be loaded: {str(error).strip().splitlines()[0]}") from None
    if not template_comes and tokenizer.chat_template is None:
        raise JobRefused(
            f"model: the tokenizer of {model} has no chat template, and prompts are chat messages; take a model that "
            "was tuned on instructions, or give its tokenizer a template"
        )


if __name__ == "__main__":
    try:
        check(Spec.model_validate_json(sys.stdin.read()))
    except FairmarkError as refusal:
        print(refusal)
        sys.exit(1)
