"""The page docs/messages.md, written from the tables of messages (``make docs``)."""

import sys
from textwrap import fill

from dmaragent.messages import MESSAGES
from dmaragent.messages.findings import FINDINGS
from dmaragent.messages.model import Message
from dmaragent.present.words.messages import printer_words
from support.recall_part import recall_part

HEAD = """\
# Messages

What `dmaragent why` recognises: messages of kernels, hypervisors and tools about reserved
device memory and passthrough. In a wording, `<name>` stands for a value, `{...}` may be missing,
`<=name>` is the value that `<name>` had before, and what is printed before or after it does not
matter. Before a message of Linux, `driver device: subsystem: ` (`vfio-pci 0000:0a:00.0: DMAR: `)
names the device, in either order and with parts left out. A line that Xen marks with `(XEN)` or
`[VT-D]` is never a message of Linux. Quotes, dashes and blanks are read in any form, HTML's too, and
the error texts of the C library in any language it has. A message whose end a pager left out is
recognised by its beginning, without the value that the end of the line may have shortened.
In a text of up to 65,536 characters, a message that is split over lines names what all of them name,
and a long wording is also recognised in small or capital letters.
Written from `src/dmaragent/messages/` by `make docs`.

Nothing else is recognised among the 16,963 to 17,997 format strings of 902 unrelated files of Linux
5.10.262, 6.1.192, 6.12.118 and 7.2.13 (Debian's sources), each filled in two ways:
`tests/support/unrelated_formats.py`, files in `unrelated_files.txt` beside it. Set
`DMARAGENT_LINUX_SOURCE` to a tree, and `make test` tries it again.
"""


def page() -> str:
    """Give the page."""
    parts = [HEAD]
    printer = None
    for message in MESSAGES:
        if message.printer is not printer:
            printer = message.printer
            parts.append(f"\n## {printer.value}\n")
        parts.append(_entry(message))
    return "".join([*parts, recall_part()])


def _entry(message: Message) -> str:
    wordings = "".join(
        f"    {one.template.text}{f'    ({one.releases})' if one.releases else ''}\n"
        for one in message.wordings
    )
    said = [
        message.meaning,
        *(f"- {text}" for text in message.by_error.values()),
        f"What to do: {message.advice}",
    ]
    if message.in_quarantine:
        said.append(f"Where the domain is 32753: {message.in_quarantine}")
    if FINDINGS.get(message.id):
        found = ", ".join(f"`{one}`" for one in FINDINGS[message.id])
        said.append(f"Findings of `dmaragent check`: {found}")
    said.append(f"Source: {message.source}.")
    title = _wrapped(f"**{message.title}.** {printer_words(message)}.")
    return f"\n### {message.id}\n\n{title}\n{wordings}\n" + "\n".join(map(_wrapped, said))


def _wrapped(text: str) -> str:
    hang = "  " if text.startswith("- ") else ""
    return fill(text, 99, subsequent_indent=hang, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
