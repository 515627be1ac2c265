"""`radloop certify run`: cases against a product, from the choice of cases to what is written.

While a run goes on, its records lie in ``records.jsonl.part``: a run that does not come to an end leaves what an earlier one
wrote as it was.
"""

import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from commands.certify.neighbours import EmulatedNeighbours
from commands.ending import INTERRUPTED, OWN_FAULT, complain
from conformance.case import ROLES, Case, Role
from conformance.catalogue import all_cases
from conformance.material.data_sets import OddValues
from conformance.operator_steps import Operator, TargetOperator
from conformance.report.terminal import Terminal
from conformance.report.writing import write_all
from conformance.result import CaseResult, RunResult
from conformance.resumption import Earlier, earlier_run
from conformance.runner import Run
from conformance.selector import select
from conformance.session import RECORDS, asked, certified
from conformance.signing import PrivateKey, load_private_key
from conformance.taps import Taps
from conformance.target import Target, load_target, the_role
from emulators.core.errors import ConfigError

EMULATOR = "emulator"


@dataclass(frozen=True, slots=True)
class Options:
    """What was chosen on the command line."""

    prefixes: tuple[str, ...]
    role: str | None
    target: str
    out: Path
    seed: int | None
    strict: bool
    fast: bool
    resume: bool
    sign: Path | None
    attended: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to run, against what."""

    target: Target
    role: Role
    operator: Operator
    cases: Sequence[Case]
    left_out: Sequence[str]


def carry_out(options: Options) -> int:
    """Run and write; the exit code. Raises ConfigError."""
    key = None if options.sign is None else load_private_key(options.sign)
    with closing(OddValues()), warnings.catch_warnings(), _target(options) as (target, role, operator):
        warnings.filterwarnings("ignore", module="pydicom")  # on what a product sent: the cases judge that
        chosen = select(all_cases(), options.prefixes, role)
        built = [case for case in chosen if case.is_built]
        cases = [case for case in built if not (options.fast and case.slow)]
        if not cases:
            raise ConfigError(f"nothing to run: {_why_nothing(role, chosen, built)}")
        left_out = [case.id for case in built if case not in cases]
        return _judge(options, Chosen(target, role, operator, cases, left_out), key)


def _why_nothing(role: Role, chosen: Sequence[Case], built: Sequence[Case]) -> str:
    if not chosen:
        return f"none of these cases is for {role}; radloop certify --list --role {role} shows those that are"
    return "--fast leaves out all of them" if built else f"of {len(chosen)} selected for {role} none is built yet"


def role_named(name: str) -> Role:
    """Raises ConfigError."""
    for role in ROLES:
        if role == name:
            return role
    raise ConfigError(f"--role {name}: there is {', '.join(ROLES)}")


@contextmanager
def _target(options: Options) -> Iterator[tuple[Target, Role, Operator]]:
    if options.target != EMULATOR:
        target = load_target(Path(options.target))
        yield (
            target,
            the_role(target, None if options.role is None else role_named(options.role), options.target),
            TargetOperator(target.operator, options.attended, str(Path(options.target).parent)),
        )
        return
    from commands.certify.emulator import Emulator

    if options.role is None:
        raise ConfigError(f"--role: which of our emulators? There is {', '.join(ROLES)}")
    role = role_named(options.role)
    with TemporaryDirectory(prefix="radloop-certify-") as folder, closing(Emulator(role, Path(folder))) as emulator:
        yield emulator.target(), role, emulator


def _judge(options: Options, chosen: Chosen, key: PrivateKey | None) -> int:
    what = asked(chosen.target, chosen.role, options.prefixes, options.strict, options.fast)
    earlier = earlier_run(options.out, what, options.seed) if options.resume else None
    verdicts = earlier.verdicts if earlier else {}
    to_run = [case for case in chosen.cases if case.id not in verdicts]
    seed = earlier.result.seed if earlier else secrets.randbits(48) if options.seed is None else options.seed
    terminal = Terminal(what, seed, len(to_run))
    if earlier is not None and not to_run:
        if key is not None:
            write_all(earlier.result, options.out, key)
        terminal.end(earlier.result, options.out)
        return earlier.result.exit_code

    options.out.mkdir(parents=True, exist_ok=True)
    records = options.out / f"{RECORDS}.part"
    was_interrupted = False
    try:
        with records.open("w", encoding="utf-8") as file, TemporaryDirectory(prefix="radloop-hospital-") as folder:
            taps = Taps(file, earlier.recorded if earlier else None)
            resumed = earlier.result.resumed + 1 if earlier else 0
            neighbours = partial(EmulatedNeighbours, Path(folder))
            run = Run(chosen.target, chosen.role, taps, chosen.operator, seed, options.strict, resumed, neighbours)
            with closing(run):
                trouble = run.sanity()
                if trouble:
                    complain(f"nothing ran: {trouble}")
                    return OWN_FAULT
                try:
                    run.cases(to_run, terminal.case)
                except KeyboardInterrupt:
                    was_interrupted = True
        result = _result(what, run, records, chosen, verdicts, earlier)
        records.replace(options.out / RECORDS)
        write_all(result, options.out, None if was_interrupted else key)
    finally:
        terminal.stop()
        records.unlink(missing_ok=True)
    terminal.end(result, options.out)
    if was_interrupted:
        complain("interrupted: what is written is unfinished" + (", and not signed" if key else ""))
        return INTERRUPTED
    return result.exit_code


def _result(
    what: dict[str, object],
    run: Run,
    records: Path,
    chosen: Chosen,
    verdicts: dict[str, CaseResult],
    earlier: Earlier | None,
) -> RunResult:
    """All verdicts, of this run and of the one that it goes on with, in the order of the catalogue."""
    found = verdicts | run.results
    judged = [found[case.id] for case in chosen.cases if case.id in found]
    not_run = [case.id for case in chosen.cases if case.id not in found]
    started = earlier.result.started if earlier else ""
    return certified(what, run, records, judged, chosen.left_out, not_run, started)
