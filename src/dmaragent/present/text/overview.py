"""The text of ``dmaragent`` without a verb: at most ten lines, with the next command last."""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent import __version__
from dmaragent.addresses import SBDF
from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import Tone, current_screen, toned
from dmaragent.present.text.tables import LABEL, labelled
from dmaragent.present.words.host import (
    absence_words,
    machine_name,
    system_words,
)
from dmaragent.present.words.overview import (
    MACHINE_UNKNOWN,
    blocked_devices,
    blocked_words,
    devices_words,
    findings_words,
    overview_title,
    regions_summary,
)

MOST_LINES = 10


def overview_text(
    inventory: Inventory,
    verdicts: Mapping[SBDF, Mapping[str, Can]],
    checked: Checked | None,
    title: str,
    commands: Sequence[str],
) -> Iterator[str]:
    """Yield the lines; `commands` are the next commands, most useful first.

    `verdicts` are those of the sides that decide.
    """
    lines = [*_facts(inventory, verdicts, checked, title)]
    yield from lines
    for number, command in enumerate(commands[: max(1, MOST_LINES - len(lines))]):
        yield f"{'' if number else 'Next':{LABEL}}{command}"


def _facts(
    inventory: Inventory,
    verdicts: Mapping[SBDF, Mapping[str, Can]],
    checked: Checked | None,
    title: str,
) -> Iterator[str]:
    yield overview_title(__version__)
    yield from _line("Host", title)
    yield from _line("Machine", machine_name(inventory) or MACHINE_UNKNOWN)
    yield from _line("System", system_words(inventory))
    if inventory.absence is None:
        yield from _line("Regions", regions_summary(inventory))
    else:
        yield from labelled("Table", absence_words(inventory.absence)[0])  # never shortened
    if inventory.absence is None or verdicts:
        yield from _devices(devices_words(verdicts, inventory))
    if blocked_devices(verdicts):
        names = blocked_words(verdicts)
        yield f"{toned('Blocked', Tone.BAD)}{'':{LABEL - len('Blocked')}}{names}"
    if checked is not None:
        yield from _line("Findings", findings_words(checked))


def _devices(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the devices and the line of each side, the first of them beside the devices if it fits."""
    together = ". ".join(words[:2])
    if len(together) <= current_screen().width - LABEL:
        words = (together, *words[2:])
    for number, line in enumerate(words):
        yield from _line("" if number else "Devices", line)


def _line(label: str, text: str) -> Iterator[str]:
    """Yield a line that fits the screen, if `text` is not empty."""
    if text:
        shown, room = visible(text), current_screen().width - LABEL
        if len(shown) > room:
            shown = shorten(text, room - len(" … "))
        yield f"{label:{LABEL}}{shown}"
