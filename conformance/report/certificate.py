"""certificate.pdf: the result on paper, safety first. The same result gives the same bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydicom.uid import UID

from conformance.report.paper import INK, LINE, MARGIN_MM, SOFT, WIDTH_MM, Cell, Paper
from conformance.report.words import OUTCOMES, SHORT, clause_text, findings, how_run, proof_text, safety_text, to_read
from conformance.result import CaseResult, RunResult
from conformance.verdict import Outcome

GOOD, GOOD_BACK = (27, 127, 75), (227, 244, 234)
BAD, BAD_BACK = (179, 38, 30), (251, 230, 228)
WARN, WARN_BACK = (154, 91, 0), (253, 241, 221)
COLOURS = {
    Outcome.PASS: GOOD,
    Outcome.FAIL: BAD,
    Outcome.ERROR: BAD,
    Outcome.WARN: WARN,
    Outcome.INCONCLUSIVE: WARN,
    Outcome.WAIVED: WARN,
    Outcome.NOT_APPLICABLE: SOFT,
}
BADGES = {"passed": (GOOD, GOOD_BACK), "failed": (BAD, BAD_BACK), "not shown": (WARN, WARN_BACK)}
BAD_ONES = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)

FULL_TEXT_MAX = 5
"""So many safety cases, the worst, have expected and actual on the first page; the others have it only in report.html."""


def to_certificate(result: RunResult, signed_by: str = "") -> bytes:
    """The document. ``signed_by``: the fingerprint of the key that signs it afterwards."""
    page = _Certificate(result, signed_by)
    page.head()
    page.safety()
    page.others()
    page.waivers()
    page.groups()
    page.claims()
    page.facts()
    document = bytes(page.output())
    page.close_fonts()
    return document


class _Certificate(Paper):
    def __init__(self, result: RunResult, signed_by: str) -> None:
        self._result = result
        self._signed_by = signed_by
        product = result.product
        title = f"Radloop certificate: {product['name']} {product['version']} as {result.role}"
        super().__init__(title, f"Radloop {result.versions['radloop']}", datetime.fromisoformat(result.finished))

    def footer(self) -> None:
        """On every page: what it is of, and whether it is signed."""
        result = self._result
        self.set_y(-14)
        self.set_font("sans", "", 7)
        self.set_text_color(*(SOFT if self._signed_by else BAD))
        state = f"signed, key {self._signed_by[:16]}" if self._signed_by else "UNSIGNED"
        left = f"{result.product['name']} {result.product['version']} as {result.role}, run {result.run_id}, {state}"
        self.cell(WIDTH_MM - 20, 4, self.printable(left))
        self.set_text_color(*SOFT)
        self.cell(20, 4, f"{self.page_no()} / {{nb}}", align="R")

    # --- the first page

    def head(self) -> None:
        result = self._result
        product = result.product
        self.put(
            f"Radloop {result.versions['radloop']}  ·  what a product does on the wire, requirement by requirement", 8, SOFT
        )
        self.ln(2)
        self.put(f"{product['name']} {product['version']}", 20, style="B", height=9)
        day = datetime.fromisoformat(result.finished)
        maker = f"of {product['vendor']}, " if product.get("vendor") else ""
        self.put(f"{maker}judged in the role {result.role.upper()} on {day.day} {day:%B %Y}", 11, height=6)
        if result.other_roles:
            self.put(f"Also plays, not judged here: {', '.join(result.other_roles)}.", 8.5, SOFT)
        self.ln(2)
        if not result.is_finished:
            self.banner(f"UNFINISHED: interrupted, {len(result.not_run)} of the selected cases have no verdict", BAD, BAD_BACK)
        if self._signed_by:
            self.banner(
                f"Signed with the key {self._signed_by[:16]}…: radloop certify verify says whether it holds", GOOD, GOOD_BACK
            )
        else:
            self.banner("UNSIGNED: nobody vouches for this document, anyone may have changed it", BAD, BAD_BACK)
        top = self.get_y() + 1
        for number, (name, levels, badge) in enumerate(
            (
                ("Conformance", ("MUST", "SHOULD"), result.conformance),
                ("Workflow resilience", ("OPINION",), result.resilience),
            )
        ):
            self._badge(MARGIN_MM + number * (WIDTH_MM / 2 + 2), top, name, levels, badge)
        self.set_xy(MARGIN_MM, top + 27)
        counts = result.count()
        self.put(", ".join(f"{counts[one]} {one}" for one in OUTCOMES if counts[one]) + f"; {how_run(result)}.", 8.5, SOFT)

    def _badge(self, left: float, top: float, name: str, levels: tuple[str, ...], badge: str) -> None:
        colour, back = BADGES[badge]
        self.set_fill_color(*back)
        width = WIDTH_MM / 2 - 2
        self.rect(left, top, width, 24, style="F", round_corners=True, corner_radius=2.5)
        counts = self._result.count([case for case in self._result.cases if case.level in levels])
        found = ", ".join(f"{counts[one]} {one}" for one in OUTCOMES if counts[one]) or "no case ran"
        for offset, size, style, ink, text in (
            (3, 8, "", INK, f"{name}  ({' and '.join(levels)})"),
            (8, 15, "B", colour, badge.upper()),
            (15.5, 7, "", SOFT, found),
        ):
            self.set_xy(left + 4, top + offset)
            self.set_font("sans", style, size)
            self.set_text_color(*ink)
            self.multi_cell(width - 8, size * 0.45, self.printable(text), align="L")

    # --- the cases

    def safety(self) -> None:
        """Every safety case; the bad ones first, with what was found."""
        self.section("Safety")
        self.put(
            f"{safety_text(self._result)}. A safety case is one whose failure can show a patient the wrong data.", 8.5, SOFT
        )
        self.ln(1)
        cases = to_read((case for case in self._result.cases if case.safety), *OUTCOMES)
        bad = [case for case in cases if case.outcome in (*BAD_ONES, Outcome.WARN)]
        self._bad_cases(bad[:FULL_TEXT_MAX], True)
        self._bad_cases(bad[FULL_TEXT_MAX:], False)
        others = [case for case in cases if case not in bad]
        if others:
            self.rows([self._row(case) for case in others], (26, 36, 112), ("outcome", "case", "requirement"))

    def others(self) -> None:
        """Everything else that did not plainly pass."""
        cases = [case for case in self._result.cases if not case.safety]
        bad, mild = to_read(cases, *BAD_ONES), to_read(cases, Outcome.WARN)
        if bad:
            self.section("Other cases that failed or could not be observed")
            self._bad_cases(bad, True)
        if mild:
            self.section("Warnings")
            self._bad_cases(mild, True)

    def _bad_cases(self, cases: Sequence[CaseResult], with_text: bool) -> None:
        for case in cases:
            if self.will_page_break(16):
                self.add_page()
            self.put(f"{case.outcome}  {case.id}  ({case.level})", 8.5, COLOURS[case.outcome], "B", height=4.6)
            self.put(case.requirement, 8.5)
            self.put(clause_text(case), 7.5, SOFT)
            for found in findings(case)[:4] if with_text else ():
                lines = [("in", found.variants_text)] if found.variants else []
                lines += found.lines
                lines += [("proof", proof_text(found.proof))] if found.proof else []
                self.ln(0.4)
                self.pairs(lines, 22, 0.1)
            self.ln(2.2)

    @staticmethod
    def _row(case: CaseResult) -> list[Cell]:
        return [(str(case.outcome), COLOURS[case.outcome], True), (case.id, INK, False), (case.requirement, INK, False)]

    def waivers(self) -> None:
        """With their reasons, and what they are for."""
        self.section("Waivers")
        by_id = {case.id: case for case in self._result.cases}
        for waiver in self._result.waivers:
            if self.will_page_break(16):
                self.add_page()
            case = by_id.get(waiver["case"])
            state = "did not run" if case is None else f"{case.outcome}, {case.level}{', safety' if case.safety else ''}"
            self.put(f"{waiver['case']}  ({state})", 8.5, SOFT if case is None else COLOURS[case.outcome], "B", height=4.6)
            self.put(f"Reason: {waiver['reason']}", 8.5)
            if case is not None:
                self.put(case.requirement, 7.5, SOFT)
            self.ln(1.8)
        if not self._result.waivers:
            self.put("None.", 8.5, SOFT)

    def groups(self) -> None:
        """Counts for each group."""
        self.section("Cases by group")
        counts = self._result.count()
        shown = [outcome for outcome in OUTCOMES if counts[outcome]]
        rows = []
        for group, cases in self._result.by_group:
            own = self._result.count(cases)
            numbers = [(str(own[one]) if own[one] else "·", COLOURS[one] if own[one] else LINE, False) for one in shown]
            rows.append([(f"{group.letter}  {group.title}", INK, False), *numbers])
        rows.append([("all", INK, True), *((str(counts[one]), COLOURS[one], True) for one in shown)])
        width = min(20.0, 100.0 / max(1, len(shown)))
        heads = ("", *(SHORT.get(one, str(one)) for one in shown))
        self.rows(rows, (WIDTH_MM - width * len(shown), *(width for _ in shown)), heads, ("LEFT", *("RIGHT" for _ in shown)))

    # --- what it rests on

    def claims(self) -> None:
        """What the target file says of the product, as it was judged."""
        self.section("What the product claims")
        claims = self._result.claims
        self.pairs((_words(key), _listed(key, value)) for key, value in claims.items() if value)
        changed = {key: value for key, value in self._result.limits.items() if value}
        self.put("Where the standards leave a choice, the product was judged by these policies:", 8.5, SOFT)
        self.ln(1)
        policies = {**self._result.policies, **changed}
        self.put("; ".join(f"{_words(key)}: {_listed(key, value)}" for key, value in policies.items() if value), 8)

    def facts(self) -> None:
        """Editions, versions, times, evidence."""
        result = self._result
        self.section("What this rests on")
        self.pairs(
            (
                ("editions", "; ".join(f"{standard}: {edition}" for standard, edition in result.editions.items())),
                ("versions", ", ".join(f"{name} {number}" for name, number in result.versions.items())),
                ("begun, ended", f"{result.started}, {result.finished}"),
                ("seed, run", f"{result.seed}, {result.run_id}"),
                ("cases", how_run(result)),
                ("timers", ", ".join(f"{_words(key)} {value:g}" for key, value in result.timers.items())),
                ("evidence", f"{result.evidence.file}, {result.evidence.records} records"),
                ("its SHA-256", result.evidence.sha256),
                (
                    "signature",
                    f"manifest.json.sig, by the Ed25519 key {self._signed_by}" if self._signed_by else "none: UNSIGNED",
                ),
            )
        )
        self.ln(2)
        self.put(
            "Outcomes: pass, the requirement was seen to be met; fail, it was seen not to be met; warn, a SHOULD was not "
            "met, or it was met with a deviation; inconclusive, it could not be observed; not applicable, the product does "
            "not claim it; waived, a known deviation with its reason; error, a fault of the tester. A badge is passed when "
            "no case of its levels failed and none was left inconclusive. What was not tried is not vouched for.",
            7.5,
            SOFT,
        )


def _words(key: str) -> str:
    return key.removesuffix("_s").replace("_", " ") + (" (s)" if key.endswith("_s") else "")


def _listed(key: str, value: Any) -> str:
    if not isinstance(value, list | tuple):
        return str(value).replace("_", " ")
    if key in ("sop_classes", "transfer_syntaxes"):
        return ", ".join(f"{UID(one).name}" if UID(one).name != one else one for one in value)
    return ", ".join(str(one).replace("_", " ") if key == "services" else str(one) for one in value)
