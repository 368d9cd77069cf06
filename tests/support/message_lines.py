"""All lines that programs print: the message each is, and what it names."""

from recall.facts import read
from recall.rendering import render
from support import (
    message_lines_amd,
    message_lines_booted,
    message_lines_dom0,
    message_lines_faults,
    message_lines_libvirt,
    message_lines_linux,
    message_lines_programs,
    message_lines_tools,
    message_lines_vfio,
    message_lines_xen,
    message_lines_xen_guest,
    message_lines_xen_vtd,
)

LINES = [
    *message_lines_linux.LINES,
    *message_lines_faults.LINES,
    *message_lines_amd.LINES,
    *message_lines_xen.LINES,
    *message_lines_xen_vtd.LINES,
    *message_lines_xen_guest.LINES,
    *message_lines_tools.LINES,
    *message_lines_vfio.LINES,
    *message_lines_libvirt.LINES,
    *message_lines_programs.LINES,
    *message_lines_booted.LINES,
    *message_lines_dom0.LINES,
]

PRINTED = [(fact.message, render(fact.text, fact.program, fact.function)) for fact in read()]
"""Lines made of the programs' own format strings: test_recall holds them against the recogniser."""
_STATED = {name for name, _, _ in LINES}
EVERY_MESSAGE = [
    *(line for _, line, _ in LINES),
    *{name: line for name, line in PRINTED if name and name not in _STATED}.values(),
]
"""Lines in which each message that is known stands at least once."""
