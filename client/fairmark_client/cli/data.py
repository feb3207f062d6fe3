"""`fairmark data`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Prepare the rows of a job: read, split, resample, format, validate.", no_args_is_help=True)


@app.command()
def prepare(
    rows: Annotated[
        Path,
        typer.Argument(metavar="ROWS", help="A .jsonl, .csv or .parquet file, or a folder of datasets' save_to_disk."),
    ],
    label: Annotated[str, typer.Option(metavar="COLUMN", help="The column with each row's class.", show_default=False)],
    rare: Annotated[str, typer.Option(metavar="CLASS", help="The class that is rare.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder.", show_default=False)],
    ratio: Annotated[float, typer.Option(metavar="SHARE", help="The rare share wanted in training.")] = 0.2,
    sampling: Annotated[
        str, typer.Option(metavar="over|under|weights", help="Repeat rare rows, leave others out, or weight all.")
    ] = "over",
    shares: Annotated[
        str, typer.Option(metavar="TRAIN,VALIDATION,TEST", help="How the rows are shared out.")
    ] = "0.8,0.1,0.1",
    group: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Rows of one value stay on one side, as a customer's.", show_default=False),
    ] = None,
    near_duplicates: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Rows with so much of their wording in common stay on one side."),
    ] = 0.8,
    enrich: Annotated[
        bool, typer.Option("--enrich", help="Fill up validation with rare rows from training, and weight its rows.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same rows, options and seed give the same bytes.")] = 0,
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="TEMPLATE_FILE_OR_TEXT",
            help="The prompt, such as 'Classify: {{ item.text }}'.",
            show_default="the column prompt, messages, question, text …",
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the system message says.", show_default=False)
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NEW=COLUMN", help="Rename a column; as often as needed.", show_default=False),
    ] = None,
    target: Annotated[str, typer.Option(metavar="NAMES", help="The platforms to write files for.")] = "openai,trl",
    method: Annotated[str, typer.Option(metavar="NAMES", help="What they are to be trained with.")] = "rft,sft",
    response_format: Annotated[
        Path | None, typer.Option(metavar="FILE", help="OpenAI's response_format, as JSON.", show_default=False)
    ] = None,
    grader: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_FILE", help="The job's grader, tried on every row.", show_default=False),
    ] = None,
) -> None:
    """Make train, validation and test files out of imbalanced rows, and say at each step what was done and why.

    Exit codes: 0 all is well, 1 a platform or the grader would refuse something, 2 bad rows or bad usage.
    """
    from ..commands.data import prepare

    names = {
        name: [part.strip() for part in given.split(",")]
        for name, given in (("targets", target), ("methods", method), ("shares", shares))
    }
    settings = {
        "label": label,
        "rare": rare,
        "ratio": ratio,
        "sampling": sampling,
        "group": group,
        "near_duplicates": near_duplicates,
        "enrich": enrich,
        "seed": seed,
        "system": system,
    }
    prepare(rows, out, settings | names, prompt, map_ or [], response_format, grader)


@app.command()
def show(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that data prepare made.")]) -> None:
    """Show what a prepared folder holds, and whether its files are still as they were written.

    Exit codes: 0 they are, 1 one is not, 2 no such folder.
    """
    from ..commands.data import show

    show(folder)
