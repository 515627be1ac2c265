"""Operator steps: what a person does at the product, by a command or at a prompt.

A case asks for a step by name, with data: ``trial.operate("restart")``. The names and data are in docs/certify.md. A target
that has no such step makes the case inconclusive.
"""

import subprocess
from collections.abc import Mapping
from typing import Protocol

from conformance.target import Step
from conformance.verdict import Inconclusive

STEP_LIMIT_S = 120.0


class Operator(Protocol):
    """Who does the steps."""

    def can(self, step: str) -> bool:
        """Whether the step is known."""
        ...

    def perform(self, step: str, data: Mapping[str, str]) -> str:
        """Do it and return what it printed. Raises Inconclusive where it cannot be done."""
        ...


class TargetOperator:
    """Carries out the steps of a target file; prompts are printed, and end with Enter.

    ``{folder}`` in a command is the folder of the target file.
    """

    def __init__(self, steps: Mapping[str, Step], attended: bool, folder: str = ".") -> None:
        self._steps = steps
        self._attended = attended
        self._folder = folder

    def can(self, step: str) -> bool:
        return step in self._steps and bool(self._attended or self._steps[step].command)

    def perform(self, step: str, data: Mapping[str, str]) -> str:
        if not self.can(step):
            raise Inconclusive(f"the target file has no operator step {step!r}")
        wanted = self._steps[step]
        if wanted.prompt:
            return input(f"\n  {_filled(wanted.prompt, data)}\n  Enter when done (what it showed, if anything): ")
        words = [_filled(word, {**data, "folder": self._folder}) for word in wanted.command]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=STEP_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Inconclusive(f"operator step {step!r}: {error}") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise Inconclusive(f"operator step {step!r}: {lines[-1]}")
        return done.stdout


def _filled(text: str, data: Mapping[str, str]) -> str:
    """``{key}`` replaced where the key is known; other braces stay."""
    for key, value in data.items():
        text = text.replace("{" + key + "}", value)
    return text
