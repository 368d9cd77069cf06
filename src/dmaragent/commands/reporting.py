"""A report of a host that was asked: what ``report`` prints and ``dump`` puts into a bundle."""

from collections.abc import Sequence

from dmaragent.answers.device import explain
from dmaragent.api import GuestResolver, any_answer
from dmaragent.checks import check
from dmaragent.checks.common.model import Checked
from dmaragent.guests.formats import Guest
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.html import devices_to_tell, report_html
from dmaragent.question.context import Context, Question


def report_of(
    asked: Context,
    guests: Sequence[Guest] = (),
    question: Question | None = None,
    *,
    named: bool = False,
) -> str:
    """Write the report of `asked` with `guests`, as `question` asks about them.

    The inventory and the findings are those of the host as it is, as its verbs have them;
    `named` says that a release was asked for by name, and then they are that release's.
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
    """Write the report of `inventory`, with its findings, where there is a table to look at."""
    told = [
        explain(asked.inventory, asked.facts, asked.stack, sbdf)
        for sbdf in devices_to_tell(inventory)
    ]
    resolver = GuestResolver(asked, question or Question())
    answers = [any_answer(resolver.resolve(one)) for one in guests]
    return report_html(inventory, checked, told, answers, asked.stack.origin)
