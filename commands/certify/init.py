"""`radloop certify init`: the first draft of a target file, from what the product answers."""

from typing import Annotated

import typer

from commands.ending import LOOP_BROKEN, LOOP_CLOSED, complain, guarded
from emulators.core.errors import ConfigError


def init(
    host: Annotated[str, typer.Option(help="Where the product listens.")],
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Its DICOM port.")],
    aet: Annotated[str, typer.Option(help="Its AE title.")] = "ANY-SCP",
    calling: Annotated[str, typer.Option(help="The AE title that the tester calls with.")] = "RADLOOP",
    role: Annotated[
        str | None,
        typer.Option(help="[bold]pacs ris modality ehr reporting engine[/]; left out: the one that its answers look like."),
    ] = None,
    limit: Annotated[float, typer.Option(min=0.1, help="How long to wait for each answer, in seconds.")] = 10.0,
) -> None:
    """Ask a product what it can do, and write the draft of a target file.

    The draft goes to standard output, what was found to standard error:

        radloop certify init --host 127.0.0.1 --port 4242 > target.toml

    C-ECHO, then presentation contexts: every storage SOP class in every
    transfer syntax, query and retrieve, worklist, performed procedure step,
    storage commitment. Nothing is sent that the product would keep.

    Exit code 0: the draft is on standard output; 1: the product cannot be
    asked; 2: the command line is wrong.
    """

    def carry_out() -> int:
        from commands.certify.run import role_named
        from conformance.draft import draft, likely_role
        from conformance.survey import Surveyor
        from conformance.verdict import Failure

        for name, title in (("--aet", aet), ("--calling", calling)):
            if not 1 <= len(title.strip()) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
                raise ConfigError(f"{name} {title!r}: 1 to 16 characters, ASCII, no backslash")
        wanted = role_named(role) if role else None
        try:
            survey = Surveyor((host, port), aet.strip(), calling.strip(), limit).survey()
        except Failure as failure:
            complain(f"{host}:{port}: expected {failure.expected}; {failure.actual}{_advice(failure.actual)}")
            return LOOP_BROKEN
        typer.echo(draft(survey, wanted or likely_role(survey), host, port, aet.strip(), calling.strip()), nl=False)
        words = f"{', '.join(survey.services) or 'no service'}; {len(survey.accepted)} storage SOP classes"
        typer.echo(f"{survey.implementation}: {words}, asked in {survey.associations} associations", err=True)
        return LOOP_CLOSED

    raise typer.Exit(guarded(carry_out))


def _advice(actual: str) -> str:
    if "called AE title" in actual:
        return ": give its AE title with --aet"
    return ": give an AE title that it knows with --calling" if "calling AE title" in actual else ""
