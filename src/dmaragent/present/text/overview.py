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
    blocked_words,
    devices_words,
    findings_words,
    overview_title,
    regions_summary,
)


def overview_text(
    inventory: Inventory,
    verdicts: Mapping[SBDF, Can],
    checked: Checked | None,
    title: str,
    commands: Sequence[str],
) -> Iterator[str]:
    """Yield the lines; `commands` are the next commands, most useful first."""
    yield overview_title(__version__)
    yield from _line("Host", title)
    yield from _line("Machine", machine_name(inventory) or MACHINE_UNKNOWN)
    yield from _line("System", system_words(inventory))
    if inventory.absence is None:
        yield from _line("Regions", regions_summary(inventory))
    else:
        yield from labelled("Table", absence_words(inventory.absence)[0])  # never shortened
    if inventory.absence is None or verdicts:
        yield from _line("Devices", devices_words(verdicts, inventory))
    blocked = [sbdf for sbdf, can in verdicts.items() if can is Can.NO]
    if blocked:
        yield f"{toned('Blocked', Tone.BAD)}{'':{LABEL - len('Blocked')}}{blocked_words(blocked)}"
    if checked is not None:
        yield from _line("Findings", findings_words(checked))
    for number, command in enumerate(commands):
        yield f"{'' if number else 'Next':{LABEL}}{command}"


def _line(label: str, text: str) -> Iterator[str]:
    """Yield a line that fits the screen, if `text` is not empty."""
    if text:
        shown, room = visible(text), current_screen().width - LABEL
        if len(shown) > room:
            shown = shorten(text, room - len(" … "))
        yield f"{label:{LABEL}}{shown}"
