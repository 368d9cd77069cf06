"""The top of a report: the verdicts on devices and guests, and the findings, in a few lines."""

from collections import Counter
from collections.abc import Iterator, Sequence

from dmaragent.answers.devices import DeviceRow
from dmaragent.answers.devices import Verdict as DeviceVerdict
from dmaragent.checks.common.model import Checked, Severity
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Harm, Verdict, residual_risk
from dmaragent.present.html import words
from dmaragent.present.html.devices import lost_paths, passed_through
from dmaragent.present.html.guests import AnyAnswer, guest_name, resolution_of
from dmaragent.present.html.marks import guest_mark, severity_mark
from dmaragent.present.html.markup import Child, Markup, element
from dmaragent.present.html.parts import Section, Tile, bullets, section, strip
from dmaragent.present.html.words import page as page_words
from dmaragent.present.words.devices import verdict_counts, verdict_words
from dmaragent.present.words.findings import by_rule, counts_words, ran_words
from dmaragent.present.words.host import absence_words
from dmaragent.readings import Missing

_MOST_GUESTS = 4
"""Guests that are listed by name."""
_SEVERITY = (Can.NO, Can.CONDITIONS, Can.UNKNOWN, Can.YES, Can.NOT_APPLICABLE)
_TONES = {
    Can.NO: "bad",
    Can.CONDITIONS: "warned",
    Can.YES: "good",
}
_FINDING_TONES = {
    Severity.CRITICAL: "bad",
    Severity.ERROR: "bad",
    Severity.WARNING: "warned",
}


def glance_section(
    inventory: Inventory,
    checked: Checked | None,
    rows: Sequence[DeviceRow],
    guests: Sequence[AnyAnswer],
) -> Section:
    """Return the answers of the report, each with a link to its section."""
    tiles = [*_device_tiles(inventory, rows), *_guest_tiles(guests), *_finding_tiles(checked)]
    notices = [*_absence(inventory), *_damage(inventory)]
    return section("glance", page_words.GLANCE, notices, strip(tiles))


# Devices --------------------------------------------------------------------------------


def _device_tiles(inventory: Inventory, rows: Sequence[DeviceRow]) -> list[Tile]:
    """Return the worst verdict of each side that decides, with the numbers of all; worst first."""
    shown, _ = passed_through(rows)
    lost = len(lost_paths(inventory))
    tiles = []
    for side in dict.fromkeys(side for row in shown for side in row.decides):
        verdicts = Counter(row.xen if side == "xen" else row.linux for row in shown)
        worst = min(verdicts, key=_badness)
        words_of_worst = verdict_words(worst)  # with a risk, conditions make no other word
        number = sum(verdicts[one] for one in verdicts if verdict_words(one) == words_of_worst)
        sentence = page_words.devices_in_short(number, len(shown), worst, side)
        more = [verdict_counts(shown, side)] if number < len(shown) else []
        if lost:
            more.append(page_words.lost_paths(lost))
        tile = Tile(sentence, "devices", more, _TONES.get(worst.can, "muted"))
        tiles.append((_badness(worst), tile))
    return [tile for _, tile in sorted(tiles, key=lambda pair: pair[0])]


def _badness(verdict: DeviceVerdict) -> tuple[int, bool]:
    return _SEVERITY.index(verdict.can), not verdict.risk


# Guests ---------------------------------------------------------------------------------


def _guest_tiles(guests: Sequence[AnyAnswer]) -> Iterator[Tile]:
    """Yield the worst result of the guests, and the verdict on each, the worst first."""
    if not guests:
        return
    ranks = [(_rank(answer), number, answer) for number, answer in enumerate(guests, 1)]
    ranks.sort(key=lambda ranked: ranked[:2])
    worst = ranks[0][0]
    number = sum(rank == worst for rank, _, _ in ranks)
    verdict = resolution_of(ranks[0][2]).verdict
    if verdict is Verdict.STARTS and worst < _UNHARMED:
        harm = residual_risk(resolution_of(ranks[0][2]).reasons).harm
        sentence = page_words.guests_with_risk(number, len(guests), harm)
    elif len(guests) == 1:
        sentence = page_words.guest_alone(guest_name(guests[0]), verdict)
    else:
        sentence = page_words.guests_in_short(number, len(guests), verdict)
    listed: list[Child] = [
        [element("a", guest_name(answer), href=f"#guest-{place}"), " ", guest_mark(answer)]
        for _, place, answer in ranks[:_MOST_GUESTS]
    ]
    left = len(guests) - _MOST_GUESTS
    more = page_words.more_guests(left) if left > 0 else None
    yield Tile(sentence, "guests", (*listed, more), _GUEST_TONES[worst])


_REFUSED, _UNPROTECTED, _CORRUPTING, _UNDECIDED, _UNHARMED = range(5)
_GUEST_TONES = ("bad", "bad", "bad", "warned", "good")
_RANKS = {Harm.ALL_HOST_MEMORY: _UNPROTECTED, Harm.CORRUPTION: _CORRUPTING}


def _rank(answer: AnyAnswer) -> int:
    """Return how bad the result of a guest is; smaller is worse."""
    resolution = resolution_of(answer)
    if resolution.verdict is Verdict.REFUSED:
        return _REFUSED
    if resolution.verdict is Verdict.UNDECIDED:
        return _UNDECIDED
    return _RANKS.get(residual_risk(resolution.reasons).harm, _UNHARMED)


# Findings, and what is missing ----------------------------------------------------------


def _finding_tiles(checked: Checked | None) -> Iterator[Tile]:
    if checked is None:
        return
    sentence, ran = words.capital(counts_words(checked)), words.capital(ran_words(checked))
    if not checked.findings:
        yield Tile(sentence, "findings", (ran,), "good" if checked.decoded else "bad")
        return
    first = next(by_rule(checked))
    worst = first[0]
    link = element("a", worst.rule.title, href=f"#rule-{worst.severity.value}-{worst.rule.id}")
    number = f" ({words.cases(len(first))})" if len(first) > 1 else ""
    yield Tile(
        sentence,
        "findings",
        ([severity_mark(worst.severity), " ", link, number], ran),
        _FINDING_TONES.get(worst.severity, "muted"),
    )


def _absence(inventory: Inventory) -> Iterator[Markup]:
    if inventory.absence is None:
        return
    what, hint = absence_words(inventory.absence)
    yield element(
        "div",
        element("p", element("strong", f"{page_words.NO_TABLE}: "), what, "."),
        element("p", element("strong", f"{page_words.NEXT}: "), hint, "."),
        class_="notice",
    )


def _damage(inventory: Inventory) -> Iterator[Markup]:
    table = inventory.iommu
    if isinstance(table, Missing) or not table.damage:
        return
    effect = page_words.damage_effect(decoded=table.header is not None)
    yield element(
        "div",
        element("p", element("strong", f"{page_words.DAMAGED}: "), effect, "."),
        bullets(map(str, table.damage)),
        class_="notice",
    )
