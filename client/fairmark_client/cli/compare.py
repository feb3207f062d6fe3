"""`fairmark compare`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import Limit


def compare(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="A prepared folder, or a JSONL file of prepared rows.", show_default=False),
    ],
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=SOURCE…",
            help="The models, the untrained one first: a file of outputs (*.jsonl), an OpenAI-compatible endpoint "
            "(http://…/v1), the folder or hub name of a checkpoint, a PEFT adapter, or a job.",
            show_default=False,
        ),
    ],
    grader: Annotated[
        str,
        typer.Option(metavar="NAME_OR_FILE", help="The grader that was trained on.", show_default=False),
    ],
    held_out: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME_OR_FILE", help="A grader that wasn't; may be given again.", show_default=False),
    ] = None,
    side: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Which rows of a prepared folder.")
    ] = "test",
    label: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="The rows' field with the class.", show_default="the manifest's"),
    ] = None,
    rare: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="The class that matters.", show_default="the manifest's"),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Outputs of each model to each prompt; a file's are all taken.")
    ] = 3,
    temperature: Annotated[float, typer.Option(min=0)] = 1.0,
    top_p: Annotated[float, typer.Option(min=0, max=1)] = 1.0,
    max_tokens: Annotated[int, typer.Option(min=1)] = 1024,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ID", help="What an endpoint is asked for; may be given again.", show_default=False),
    ] = None,
    key_env: Annotated[
        str | None,
        typer.Option(metavar="VARIABLE", help="The environment variable with the endpoints' key.", show_default=False),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep outputs here, and sample none again that are.", show_default=False),
    ] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=DOLLARS", help="What training a model cost; may be given again.", show_default=False
        ),
    ] = None,
    time: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=HOURS", help="How long that took; may be given again.", show_default=False),
    ] = None,
    job: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=JOB", help="Take both from a job of the ledger; may be given again.", show_default=False
        ),
    ] = None,
    ood: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS", help="Rows of something else: has a model forgotten it? A JSONL file.", show_default=False
        ),
    ] = None,
    ood_grader: Annotated[str, typer.Option(metavar="NAME_OR_FILE", help="The grader of those.")] = "exact",
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one HTML file with everything.", show_default=False)
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every number as JSON.", show_default=False)
    ] = None,
    limit: Limit = None,
) -> None:
    """Did it help? Hold models against each other on the same rows, with intervals, tests and a verdict.

    Exit codes: 0 they were compared, 2 they could not be.
    """
    from ..commands.compare import Options, compare

    settings = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens}
    compare(
        Options(
            data=data,
            sources=sources,
            graders=[grader, *(held_out or [])],
            side=side,
            label=label,
            rare=rare,
            seeds=seeds,
            decoding=settings,
            models=model or [],
            key_env=key_env,
            samples=samples,
            costs=cost or [],
            times=time or [],
            jobs=job or [],
            ood=ood,
            ood_grader=ood_grader,
            report=report,
            json=json,
            limit=limit,
        )
    )
