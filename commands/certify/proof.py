"""`radloop certify keygen` and `radloop certify verify`: who says so, and whether it is what was said."""

from pathlib import Path
from typing import Annotated

import typer

from commands.ending import LOOP_BROKEN, LOOP_CLOSED, guarded


def keygen(
    out: Annotated[Path, typer.Option(help="Where the private key goes; the public one goes beside it, with .pub.")] = Path(
        "radloop.key"
    ),
) -> None:
    """Make a key pair (Ed25519) to sign results with.

    Two files, the public key with .pub behind the name:

        radloop certify keygen --out my.key

    Keep the private key: whoever has it can sign as you. Give the public
    key to those who shall check what you certify. Nothing is written over.

    Exit code 0: made; 2: a file of that name is there.
    """

    def carry_out() -> int:
        from conformance.signing import fingerprint, load_public_key, make_key

        public = make_key(out)
        typer.echo(f"private key  {out}  (mode 0600, not encrypted: keep it)")
        typer.echo(f"public key   {public}")
        typer.echo(f"fingerprint  {fingerprint(load_public_key(public))}")
        return LOOP_CLOSED

    raise typer.Exit(guarded(carry_out))


def verify(
    file: Annotated[Path, typer.Argument(help="The folder of a run, its manifest.json, or one file such as certificate.pdf.")],
    key: Annotated[Path, typer.Option(help="The public key of who certified.")],
) -> None:
    """Check that what a run wrote is what was signed, byte for byte.

    All of it, or the certificate alone:

        radloop certify verify out/certify --key my.key.pub
        radloop certify verify certificate.pdf --key my.key.pub

    The manifest and its signature must lie beside the file. A folder, or its
    manifest, is good when all files are there and unchanged; one file is good
    by itself, and others that are there are checked too.

    Exit code 0: all of it is what was signed; 1: something is not, or is
    missing; 2: there is nothing to check: unsigned, no such file, not a key.
    """

    def carry_out() -> int:
        from conformance.signing import load_public_key
        from conformance.signing import verify as verified

        found = verified(file, load_public_key(key))
        for name in found.good:
            typer.echo(f"good     {name}")
        for wrong in found.bad:
            typer.echo(f"BAD      {wrong}")
        for name in found.missing:
            typer.echo(f"not here {name}")
        if not found.holds:
            typer.echo("NOT VERIFIED")
            return LOOP_BROKEN
        said = found.manifest
        product = said["product"]
        typer.echo(
            f"verified: {product['name']} {product['version']} as {said['role']}, run {said['run']}, "
            f"signed {said['signed_at']} by {said['key']}, Radloop {said['radloop']}"
        )
        return LOOP_CLOSED

    raise typer.Exit(guarded(carry_out))
