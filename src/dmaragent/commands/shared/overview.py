"""The output of ``dmaragent`` without a verb: this host in ten lines.

The exit code is 0 whatever it finds, because no verdict is requested; 2 if the host cannot be read.
"""

from collections.abc import Mapping

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.checks import check
from dmaragent.checks.common.model import Severity
from dmaragent.collect.open_host import LIVE
from dmaragent.commands.shared.hosts import host_title, tell_reading
from dmaragent.commands.shared.output import print_lines
from dmaragent.host.topology import Presence
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.passthrough.model import Can
from dmaragent.present.text.overview import overview_text
from dmaragent.present.words.overview import blocked_devices
from dmaragent.question.ask_host import OpenedContext, ask_host
from dmaragent.question.context import Question
from dmaragent.shell_words import in_command


def print_overview(path: str | None, program: str = "dmaragent", title: str = "") -> int:
    """Print the overview of the host at `path`.

    `program` begins its commands, and `title` replaces its path.
    """
    asked = ask_host(path, Question())
    tell_reading(asked.opened)
    inventory = asked.inventory
    verdicts = {sbdf: _verdicts(asked, sbdf) for sbdf in _owners(asked)}
    checked = None if inventory.absence is not None else check(inventory)
    worth_it = checked is not None and any(
        finding.severity is not Severity.INFO for finding in checked.findings
    )
    host = "" if title or not path else f" --host {in_command(path)}"
    commands = [
        f"{program} {words}" for words in _next_words(asked, verdicts, host, findings=worth_it)
    ]
    denied = inventory.absence is not None and inventory.absence.kind is AbsenceKind.DENIED
    if denied and asked.opened.kind == LIVE:
        commands.insert(0, f"sudo {program}")
    title = title or host_title(asked.opened)
    print_lines(overview_text(inventory, verdicts, checked, title, commands[:2]))
    return 0


def _next_words(
    asked: OpenedContext, verdicts: Mapping[SBDF, Mapping[str, Can]], host: str, *, findings: bool
) -> list[str]:
    """Return the next commands, the most urgent first; `host` is their option."""
    blocked = blocked_devices(verdicts)
    words = [f"explain {blocked[0]}{host}"] if blocked else []
    words += [f"check{host}"] if findings else []
    words += [f"inventory{host}"] if asked.inventory.absence is None else []
    return [*words, "--help"]


def _owners(asked: OpenedContext) -> list[SBDF]:
    """Return the devices with reserved memory that are not absent.

    Cards in a slot come first, because few users pass a device of the board through.
    """
    known = asked.inventory.host.topology.known
    owners = {
        owner.sbdf
        for region in asked.inventory.regions
        for owner in region.owners
        if owner.sbdf is not None and owner.presence is not Presence.ABSENT
    }
    return sorted(owners, key=lambda sbdf: (not (sbdf in known and known[sbdf].slot), sbdf))


def _verdicts(asked: OpenedContext, sbdf: SBDF) -> dict[str, Can]:
    """Return the verdict of the side that decides on the host; of both if that is unknown."""
    explained = explain(asked.inventory, asked.facts, asked.stack, sbdf)
    return {
        side: verdict.can
        for side, verdict in zip(explained.decides, explained.deciding, strict=True)
    }
