"""The promises about the answers for every host that could be opened."""

from dmaragent.answers.explain import explain
from dmaragent.checks import check as check_rules
from dmaragent.collect.collect import collect
from dmaragent.collect.reader import HostReader
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.html import report_html
from dmaragent.present.json.check import check_document
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.text.check import check_details_text, check_text
from dmaragent.present.text.explain import explain_text
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.tree import tree_text
from dmaragent.question.context import Question, context_of
from dmaragent.xen.reserved_list.model import ListSource
from fuzz.kinds import hold, hold_bounded, hold_document, hold_printable

_EACH, _FREE = 1500, 200_000
"""The most characters of an answer per byte of the host, and in addition."""


def check_host(host: HostReader, data: bytes) -> None:
    """Make all answers for a host and check their promises; `data` is the host's file."""
    snapshot = collect(host)
    hold(collect(host) == snapshot, "the same host is read differently")
    inventory = take_inventory(join(snapshot))
    document = hold_document(inventory_document(inventory, "recorded", ""))
    again = take_inventory(join(snapshot))
    hold(hold_document(inventory_document(again, "recorded", "")) == document, "answers differ")
    hold_bounded(len(document), data, "the inventory", each=_EACH, free=_FREE)
    checked = check_rules(inventory)
    findings = hold_document(check_document(checked, "recorded", ""))
    hold_bounded(len(findings), data, "the findings", each=_EACH, free=_FREE)
    size = hold_printable(check_text(checked, "a host", "check"), "the findings")
    size += hold_printable(check_details_text(checked, "a host"), "the findings")
    if inventory.absence is None or inventory.xen.list.source is ListSource.HYPERVISOR:
        size += hold_printable(inventory_text(inventory), "the inventory")
    size += hold_printable(tree_text(inventory), "the tree")
    size += _check_explanations(inventory)
    size += len(report_html(inventory, checked))
    hold_bounded(size, data, "the text", each=_EACH, free=_FREE)


def _check_explanations(inventory: Inventory) -> int:
    """Explain the first device that owns a region."""
    owners = (owner.sbdf for region in inventory.regions for owner in region.owners)
    device = next(filter(None, owners), None)
    if device is None:
        return 0
    known = context_of(inventory.host, Question())
    explanation = explain(known.inventory, known.facts, known.stack, device)
    narrowed = known.inventory.of_device(device)
    return hold_printable(explain_text(narrowed, explanation, known.stack), "the explanation")
