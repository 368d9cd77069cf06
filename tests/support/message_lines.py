"""All lines that programs print: the message each is, and what it names."""

from support import (
    message_lines_faults,
    message_lines_linux,
    message_lines_tools,
    message_lines_xen,
)

LINES = [
    *message_lines_linux.LINES,
    *message_lines_faults.LINES,
    *message_lines_xen.LINES,
    *message_lines_tools.LINES,
]
