"""`fairmark check`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import Limit, Named, ReferenceField, Url

app = typer.Typer(
    help="Find out before paying whether a job can teach anything, and what it costs.", no_args_is_help=True
)


@app.command()
def grader(
    grader: Named,
    data: Annotated[
        str,
        typer.Option(
            metavar="ROWS|DIR",
            help="A JSONL file of dataset rows, - for standard input, or a prepared folder.",
            show_default=False,
        ),
    ],
    side: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Which rows of a prepared folder.")
    ] = "train",
    reference: ReferenceField = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write every row that fails, as JSONL; - for standard output.")
    ] = None,
    limit: Limit = None,
) -> None:
    """Check a grader on the references of a data set, and try to fool it, before training on them.

    Each reference must score full as an answer, and again; an empty answer and another row's reference must not.
    Common exploits are tried on a sample of the rows; none may earn more than a guess.

    Exit codes: 0 all is well, 1 some rows fail or an exploit pays, 2 bad usage.
    """
    from ..commands.check_grader import Options, check

    check(Options(grader, data, side, reference, out, limit))


@app.command()
def price(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="A prepared data set.", show_default=False)],
    provider: Annotated[
        Literal["openai", "azure", "trl"] | None, typer.Option(help="Only there.", show_default="each")
    ] = None,
    method: Annotated[Literal["sft", "rft"] | None, typer.Option(help="Only so.", show_default="both")] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A quantity that is known instead of assumed, or CHEAP:EXPECTED:DEAR.",
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="JOB", help="Take the time of a step from a job of the ledger.", show_default=False),
    ] = None,
    step_seconds: Annotated[
        float | None,
        typer.Option(
            min=0, help="A timed step: of the local run, or of the named provider's; RFT's.", show_default=False
        ),
    ] = None,
    dollars_per_hour: Annotated[
        float | None,
        typer.Option(min=0, help="Of the local machine, or of the named provider.", show_default="the price table's"),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(metavar="MODEL", help="A model that grades, paid by the token.", show_default=False)
    ] = None,
    judge_price: Annotated[
        str | None,
        typer.Option(
            metavar="IN:OUT", help="Dollars per million tokens it reads and writes.", show_default="the price table's"
        ),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Prices, in TOML as in the shipped table.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Say what a job on a prepared data set will cost: RFT beside SFT, hosted beside local, and what would save.

    What isn't documented is assumed, and every assumption is printed with where it comes from.

    Exit codes: 0 it is said, 2 bad usage.
    """
    from ..commands.price import Options, price

    given = (values or [], like or [], step_seconds, dollars_per_hour, judge, judge_price, prices)
    price(Options(data, provider, method, *given, json))


@app.command()
def learnability(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="A prepared folder, or a JSONL file of prepared rows.", show_default=False),
    ],
    grader: Annotated[
        str,
        typer.Option(metavar="NAME_OR_FILE", help="The grader that the job is to train on.", show_default=False),
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="What answers: an OpenAI-compatible endpoint (http://…/v1), the folder or hub name of a checkpoint, a "
            "PEFT adapter, a job, or a file of outputs (*.jsonl).",
            show_default=False,
        ),
    ],
    k: Annotated[int, typer.Option("--k", min=2, help="Outputs to each prompt.")] = 8,
    rows: Annotated[int, typer.Option(min=1, help="Prompts, drawn at random; none twice.")] = 100,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="LOW:HIGH",
            help="Write the rows with signal whose mean reward lies between, to --out.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the rows of --keep go, as JSONL.", show_default=False)
    ] = None,
    side: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Which rows of a prepared folder.")
    ] = "train",
    right: Annotated[
        float | None,
        typer.Option(
            help="The reward from which an answer is right.", show_default="the grader's pass_threshold, or 1"
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep outputs here, and sample none again that are.",
            show_default="a file in the current folder",
        ),
    ] = None,
    model_name: Annotated[
        str | None,
        typer.Option(metavar="ID", help="What an endpoint is asked for.", show_default="the only model it has"),
    ] = None,
    key_env: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE", help="The environment variable with the endpoint's key.", show_default="OPENAI_API_KEY"
        ),
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(metavar="DIR", help="A PEFT adapter to put on the checkpoint.", show_default=False)
    ] = None,
    temperature: Annotated[float, typer.Option(min=0)] = 1.0,
    top_p: Annotated[float, typer.Option(min=0, max=1)] = 1.0,
    max_tokens: Annotated[int, typer.Option(min=1)] = 1024,
    seed: Annotated[int, typer.Option(help="Of the choice of rows; outputs have the seeds 0 to k - 1.")] = 0,
    url: Url = None,
) -> None:
    """Find out whether a job would learn from these rows: sample a few outputs to each prompt, and grade them.

    Graded in this process, or on a service with --url (or FAIRMARK_URL; its key is in FAIRMARK_KEY).

    Exit codes: 0 worth running, in part at least, 1 not worth running, 2 it could not be found out.
    """
    from ..commands.learnability import Options, learnability
    from ..outputs.output import Decoding

    decoding = Decoding(temperature=temperature, top_p=top_p, max_tokens=max_tokens)
    asked = (model, model_name, key_env, adapter, decoding, k, rows, seed, samples)
    learnability(Options(data, side, grader, url, right, *asked, keep, out))


@app.command()
def endpoint(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of the endpoint grader, as a job would have it.")],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS|DIR",
            help="A JSONL file of dataset rows, or a prepared folder.",
            show_default="a few sums that are made up",
        ),
    ] = None,
    side: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Which rows of a prepared folder.")
    ] = "train",
    reference: Annotated[
        str, typer.Option(metavar="FIELD", help="The field with the right answer, in rows that aren't prepared.")
    ] = "reference_answer",
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: env:VARIABLE'", help="Sent along; the value is in the variable.", show_default=False
        ),
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Rollouts a second.")] = 50,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long rollouts are sent.")] = 10,
    requests: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="So many rollouts, instead.", show_default=False)
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds for one try; Azure waits 600, and bills them.")
    ] = 60,
) -> None:
    """Send an endpoint grader what OpenAI's and Azure's platform sends, and look at what comes back.

    Right answers of the rows at a steady rate, tried again up to three times; odd and large bodies; the same one twice.

    Exit codes: 0 all is well, 1 something is wrong with the endpoint, 2 bad usage.
    """
    from ..commands.check_endpoint import Options, check

    check(Options(url, data, side, reference, header or [], rate, seconds, requests, timeout))
