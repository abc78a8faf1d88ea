"""`yibao client`: a hospital system's side of the national interface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from yibao.cli.interface_commands import Profile
from yibao.cli.options import AsJson, Lang, default_language

_LANGUAGE = default_language()

client = typer.Typer(
    help="Speak the national interface as a hospital does.",
    no_args_is_help=True,
)

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="YIBAO_CENTRE_URL",
        help="The centre's entry; else that of `yibao sandbox` on this machine.",
    ),
]
Timeout = Annotated[
    float, typer.Option(min=0.1, max=600, help="Seconds that the centre is given to answer.")
]

AccessKey = Annotated[
    str | None,
    typer.Option(
        "--access-key",
        metavar="NAME",
        envvar="YIBAO_ACCESS_KEY",
        help="Sign for the centre's gateway, under this key.",
    ),
]
Secret = Annotated[
    str | None,
    typer.Option(
        "--secret",
        metavar="TEXT",
        envvar="YIBAO_ACCESS_SECRET",
        help="The key's secret; others on this machine see options, not variables.",
    ),
]
Scheme = Annotated[
    Literal["hmac-sha1", "hmac-sm3"],
    typer.Option("--scheme", help="How the gateway is signed for."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(client, name="client")


@client.command()
def send(
    message: Annotated[
        typer.FileText,
        typer.Argument(metavar="FILE", encoding="utf-8", help="A request as JSON; - is stdin."),
    ],
    *,
    url: Url = None,
    timeout: Timeout = 30,
    access_key: AccessKey = None,
    secret: Secret = None,
    scheme: Scheme = "hmac-sha1",
    sign_in: Annotated[
        bool,
        typer.Option(
            "--sign-in",
            help="Sign the message's operator in before it (9001) and out after it (9002).",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to write a file that comes back (9102)."
        ),
    ] = None,
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Send one message and print the reply. The exit code is 1 where it was not done.

    \b
    Examples: yibao interface sample 1101 | yibao client send -
              yibao client send fetch.json -o catalogue.zip
    """
    from yibao.cli import client_run

    at = client_run.centre(url, timeout, client_run.signing(access_key, secret, scheme))
    client_run.send_one(message, at, output, sign_in=sign_in, as_json=as_json, language=lang)


@client.command()
def replay(
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", help='JSON lines: {"request": …, "reply": …}')
    ],
    *,
    url: Url = None,
    timeout: Timeout = 30,
    access_key: AccessKey = None,
    secret: Secret = None,
    scheme: Scheme = "hmac-sha1",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A recording of what is said now."),
    ] = None,
    profile: Profile = "",
    as_json: AsJson = False,
    lang: Lang = _LANGUAGE,
) -> None:
    """Play a recorded conversation against a centre and tell what is answered otherwise.

    Messages get numbers and times of their own; numbers that the centre gives are put into the
    later requests. Amounts and codes are compared. The exit code is 1 where they differ.

    \b
    Example: yibao client replay examples/national/outpatient.jsonl
    """
    from yibao.cli import client_run, interface_pages

    schema = interface_pages.schema(profile, as_json=as_json)
    at = client_run.centre(url, timeout, client_run.signing(access_key, secret, scheme))
    client_run.replay_file(schema, recording, at, output, as_json=as_json, language=lang)
