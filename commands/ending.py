"""How a command ends: its exit code, and one line that says why where something is wrong.

=====  =======================================================================
code   meaning
=====  =======================================================================
0      what was asked for came about: the loop closed and every check held
1      it did not
2      the command line, or a file it names, is wrong
3      a fault of Radloop's own, or of the machine
130    interrupted
=====  =======================================================================
"""

import traceback
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import typer

from emulators.core.errors import ConfigError

LOOP_CLOSED, LOOP_BROKEN, WRONG_USE, OWN_FAULT, INTERRUPTED = 0, 1, 2, 3, 130

ROOMS = ("commands", "conformance", "datasets", "emulators", "reports", "sim")


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command, also when something goes wrong that it does not expect."""
    try:
        check_rooms()
        return command()
    except ConfigError as error:
        complain(str(error))
        return WRONG_USE
    except ModuleNotFoundError as error:
        complain(f"the package {error.name} is not installed; to certify needs radloop[conformance]")
        return OWN_FAULT
    except OSError as error:
        complain(f"{error.filename or 'system'}: {error.strerror}")
        return OWN_FAULT
    except Exception as error:
        traceback.print_exc()
        complain(f"a fault of Radloop's own: {error}")
        return OWN_FAULT


def complain(message: str) -> None:
    """One line on standard error."""
    typer.echo(f"radloop: {message}", err=True)


def check_rooms() -> None:
    """The rooms are top-level packages with common names: make sure that they are ours. Raises ConfigError."""
    home = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        spec = find_spec(room)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parent.parent != home:
            raise ConfigError(f"the package {room} is not Radloop's own; give Radloop an environment of its own")
