"""Options that several commands have."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        help="A running service: http://127.0.0.1:8000, or file:F for one that writes its address to F.",
        show_default=False,
    ),
]
KeyEnv = Annotated[
    str | None,
    typer.Option(
        metavar="VARIABLE", help="The environment variable with the service's key.", show_default="FAIRMARK_KEY"
    ),
]
Named = Annotated[
    str,
    typer.Argument(metavar="NAME_OR_FILE", help="A grader of the shipped catalog, or its file: JSON, YAML or Python."),
]
SampleField = Annotated[
    str | None,
    typer.Option(
        "--sample",
        metavar="FIELD",
        help="Rows are plain dataset rows: FIELD holds what the model said, the whole row is the item.",
        show_default=False,
    ),
]
ReferenceField = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="FIELD",
        help="The item's field with the right answer.",
        show_default="the one the grader reads",
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after N rows.", show_default=False)]
