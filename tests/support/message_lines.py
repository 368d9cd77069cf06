"""All lines that programs print: the message each is, and what it names."""

from support import (
    message_lines_faults,
    message_lines_libvirt,
    message_lines_linux,
    message_lines_programs,
    message_lines_tools,
    message_lines_vfio,
    message_lines_xen,
    message_lines_xen_vtd,
)

LINES = [
    *message_lines_linux.LINES,
    *message_lines_faults.LINES,
    *message_lines_xen.LINES,
    *message_lines_xen_vtd.LINES,
    *message_lines_tools.LINES,
    *message_lines_vfio.LINES,
    *message_lines_libvirt.LINES,
    *message_lines_programs.LINES,
]
