"""Nothing is dropped in silence: what a receiver will never take is kept by its sender for a person."""

from emulators.trace import Record


class Checker:
    """A message that is refused for good is set aside by its sender, and noted."""

    kinds = ("exchange", "note")
    needs = "engine"

    def __init__(self) -> None:
        self._refused: dict[tuple[str, str, str], str] = {}
        """Sender, receiver and MSH-10 to the refusal; those that nobody has noted."""

    def __call__(self, record: Record) -> None:
        if record["record"] == "note":
            if record["name"] == "dead letter":
                self._refused.pop((record["system"], record["to"], record["subject"]), None)
        elif "control" in record and str(record["answer"]).startswith("AE"):
            self._refused[record["sender"], record["receiver"], record["control"]] = record["answer"]

    def violations(self) -> list[str]:
        return sorted(
            f"message {control} from {sender} to {receiver}: refused with {answer}, and nobody noted it"
            for (sender, receiver, control), answer in self._refused.items()
        )
