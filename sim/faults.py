"""Fault plans as files: which messages the links fail, in words a person writes.

A plan is named (a file of sim/faultplans) or a path. An empty selector matches anything; ``probability`` is drawn once per
message and try.
"""

from importlib.resources import files
from pathlib import Path

from pydantic import Field, model_validator

from emulators.config import Settings, load
from emulators.core.errors import ConfigError
from emulators.core.fault import FaultKind, FaultPlan, Rule, Verdict
from emulators.core.instant import HOUR, SECOND
from emulators.messages import availability, commitment, imaging, orders, query, steps, worklist
from emulators.messages.adt import VISIT_MESSAGES, MergePatients
from emulators.messages.report import Report
from emulators.site import routes
from emulators.site_settings import SiteSettings

MESSAGES = (
    *VISIT_MESSAGES,
    MergePatients,
    orders.PlaceOrder,
    orders.ChangeOrder,
    orders.CancelOrder,
    orders.FillerOrder,
    orders.NumberAssigned,
    orders.OrderStatus,
    orders.ScheduleProcedure,
    orders.ChangeProcedure,
    orders.CancelProcedure,
    orders.ReadingListEntry,
    orders.ReadingListRemoval,
    orders.ReportStatus,
    worklist.WorklistQuery,
    steps.StepStarted,
    steps.StepProgressed,
    steps.StepEnded,
    imaging.StoreStudy,
    commitment.CommitRequest,
    commitment.CommitResult,
    availability.InstancesAvailable,
    query.Find,
    query.Move,
    Report,
)
"""What goes over the links."""


class RuleSettings(Settings):
    """One rule; a verdict that takes a number needs it (``delay_s``, ``bytes_per_s``, ``until_h``)."""

    verdict: FaultKind
    sender: str = ""
    receiver: str = ""
    lane: str = ""
    message: str = ""
    occurrence: int = Field(default=0, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
    from_h: float = Field(default=0, ge=0)
    to_h: float | None = Field(default=None, ge=0)
    delay_s: float = Field(default=0, ge=0)
    bytes_per_s: int = Field(default=0, ge=0)
    until_h: float = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _number_fits_verdict(self) -> "RuleSettings":
        needed = {FaultKind.DELAY: "delay_s", FaultKind.SLOW: "bytes_per_s", FaultKind.HOLD: "until_h"}.get(self.verdict)
        for name in ("delay_s", "bytes_per_s", "until_h"):
            if bool(getattr(self, name)) != (name == needed):
                raise ValueError(f"{name}: {'needed' if name == needed else 'not used'} with verdict {self.verdict.value}")
        if self.to_h is not None and self.to_h <= self.from_h:
            raise ValueError("to_h: not after from_h")
        return self

    def rule(self) -> Rule:
        return Rule(
            verdict=Verdict(self.verdict, round(self.delay_s * SECOND), self.bytes_per_s, round(self.until_h * HOUR)),
            sender=self.sender,
            receiver=self.receiver,
            lane=self.lane,
            message=self.message,
            occurrence=self.occurrence,
            probability=self.probability,
            from_us=round(self.from_h * HOUR),
            until_us=None if self.to_h is None else round(self.to_h * HOUR),
        )


class FaultSettings(Settings):
    title: str
    rules: tuple[RuleSettings, ...]

    def plan(self, seed: int) -> FaultPlan:
        return FaultPlan(seed, [rule.rule() for rule in self.rules])

    def check(self, site: SiteSettings, source: str) -> None:
        """Raise ConfigError if a rule selects what this site does not have: it would never apply, and nobody would notice."""
        rows = tuple(routes(site))
        known = {
            "sender": {row.sender for row in rows},
            "receiver": {row.receiver for row in rows},
            "lane": {row.lane for row in rows},
            "message": {message.__name__ for message in MESSAGES},
        }
        for number, rule in enumerate(self.rules):
            for key, names in known.items():
                value = getattr(rule, key)
                if value and value not in names:
                    raise ConfigError(f"{source}: rules[{number}].{key}: no {value}; there is {', '.join(sorted(names))}")


def find(name: str) -> FaultSettings:
    """The plan of this name or path. Raises ConfigError."""
    path = Path(name)
    if path.suffix != ".toml":
        packaged = files("sim.faultplans")
        known = sorted(entry.name.removesuffix(".toml") for entry in packaged.iterdir() if entry.name.endswith(".toml"))
        if name not in known:
            raise ConfigError(f"{name}: no such fault plan; there is {', '.join(known)}, or give the path of a .toml file")
        path = Path(str(packaged / f"{name}.toml"))
    return load(path, FaultSettings)
