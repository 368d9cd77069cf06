"""The report of a host: all answers about it on one page. Pure.

``dmaragent report`` writes it to a file, a bundle contains it, and the agent serves it.
"""

from collections.abc import Sequence

from dmaragent.answers.devices import device_rows
from dmaragent.answers.explain import explain
from dmaragent.answers.guest import any_answer
from dmaragent.checks import check
from dmaragent.checks.common.model import Checked
from dmaragent.guests.formats import Guest
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.html import report_html
from dmaragent.present.html.devices import DeviceAnswers, devices_to_explain
from dmaragent.present.screen import PLAIN, printed_on
from dmaragent.question.context import Context, GuestResolver, Question


def report_of(
    asked: Context,
    guests: Sequence[Guest] = (),
    question: Question | None = None,
    *,
    named: bool = False,
) -> str:
    """Return the report of an opened host, with `guests` resolved as in `question`.

    Inventory and findings are those of the host as it is. If a release of Xen is `named`, they are
    those of that release.
    """
    inventory = asked.inventory if named else take_inventory(asked.host)
    checked = None if inventory.absence is not None else check(inventory)
    return report_page(asked, inventory, checked, guests, question)


def report_page(
    asked: Context,
    inventory: Inventory,
    checked: Checked | None,
    guests: Sequence[Guest] = (),
    question: Question | None = None,
) -> str:
    """Return the report of `inventory`, with its findings if there is a table to check."""
    rows = device_rows(asked.inventory, asked.facts, asked.stack)
    explanations = [
        explain(asked.inventory, asked.facts, asked.stack, sbdf)
        for sbdf in devices_to_explain(rows)
    ]
    resolver = GuestResolver(asked, question or Question())
    answers = [any_answer(resolver.resolve(guest)) for guest in guests]
    devices = DeviceAnswers(rows, explanations)
    with printed_on(PLAIN):  # no colours of the terminal in the page
        return report_html(inventory, checked, devices, answers, asked.stack)
