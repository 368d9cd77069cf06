"""The head of a report: the host in a sentence, what is known of it, what is not."""

from collections.abc import Iterator

from dmaragent.checks.common.model import Checked, Severity
from dmaragent.inventory import Inventory
from dmaragent.present.html.marks import severity_mark
from dmaragent.present.html.markup import NOTHING, Markup, element
from dmaragent.present.html.parts import Section, bullets, facts, section
from dmaragent.present.words.findings import by_rule, severity_words
from dmaragent.present.words.host import absence_words, host_sentence, summary_facts
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing


def head_section(
    inventory: Inventory, checked: Checked | None, origin: str, guests: Markup = NOTHING
) -> Section:
    """Say what host this is, what it reserves, the worst of it, and what becomes of `guests`."""
    worst = NOTHING if checked is None else _worst(checked)
    rests = [("Rests on", origin)] if origin else []
    return section(
        "host",
        "The host",
        element("p", host_sentence(inventory), class_="lead"),
        worst,
        guests,
        facts([*summary_facts(inventory), *rests]),
    )


def _worst(checked: Checked) -> Markup:
    """Name the worst that was found, and lead to it."""
    if not checked.findings:
        nothing = "Nothing wrong was found" if checked.decoded else "Nothing could be looked at"
        return element("p", f"{nothing} ({count(checked.asked, 'rule')} asked).")
    first = next(by_rule(checked))
    worst = first[0]
    counts = [(severity, checked.count(severity)) for severity in Severity]
    numbers = ", ".join(severity_words(severity, number) for severity, number in counts if number)
    link = element("a", worst.rule.title, href=f"#rule-{worst.severity.value}-{worst.rule.id}")
    more = f" ({count(len(first), 'case')})." if len(first) > 1 else "."
    return element(
        "p",
        "The worst that was found: ",
        severity_mark(worst.severity),
        " ",
        link,
        more,
        f" In all: {numbers}.",
    )


def limits_section(inventory: Inventory, checked: Checked | None) -> Section | None:
    """Say what could not be read or looked at, and what to do; nothing where all is known."""
    parts = [*_absence(inventory), *_damage(inventory)]
    lines = [*_undetermined(inventory), *(() if checked is None else _not_asked(checked))]
    lines += [f"Not read: {problem}" for problem in inventory.host.problems]
    if not parts and not lines:
        return None
    return section("limits", "What is not known", parts, bullets(lines))


def _absence(inventory: Inventory) -> Iterator[Markup]:
    if inventory.absence is None:
        return
    what, hint = absence_words(inventory.absence)
    yield element(
        "div",
        element("p", element("strong", "No table: "), what, "."),
        element("p", element("strong", "Next: "), hint, "."),
        class_="notice",
    )


def _damage(inventory: Inventory) -> Iterator[Markup]:
    table = inventory.iommu
    if isinstance(table, Missing) or not table.damage:
        return
    lost = "nothing could be decoded" if table.header is None else "regions may be missing"
    yield element(
        "div",
        element("p", element("strong", "The table is damaged: "), lost, "."),
        bullets(map(str, table.damage)),
        class_="notice",
    )


def _undetermined(inventory: Inventory) -> Iterator[str]:
    if inventory.undetermined:
        paths = ", ".join(inventory.undetermined)
        yield f"These paths of the table lead through a bridge whose bus is not known: {paths}"


def _not_asked(checked: Checked) -> Iterator[str]:
    for skipped in checked.not_asked:
        rules = ", ".join(skipped.rules)
        what = f"{count(len(skipped.rules), 'rule')} could not be asked ({rules})"
        yield f"Without {skipped.need.value}, {what}"
