"""The page docs/messages.md, written from the tables of messages (``make docs``)."""

import sys
from textwrap import fill

from dmaragent.messages import MESSAGES
from dmaragent.messages.findings import FINDINGS, ON_AMD
from dmaragent.messages.model import Message
from dmaragent.present.words.messages import printer_words
from support.recall_part import recall_part

HEAD = """\
# Messages

`dmaragent why` recognises these messages of kernels, hypervisors and tools about reserved device
memory and passthrough. The page is generated from `src/dmaragent/messages/` by `make docs`.

In a wording, `<name>` is a value, `<=name>` is the value that `<name>` had before, and `{...}` is
optional. Text before and after a wording is ignored, with two exceptions:

- Linux prints `driver device: subsystem: ` before a message, such as
  `vfio-pci 0000:0a:00.0: DMAR: `. `why` reads the device from it, in either order and with parts
  left out.
- A line that Xen marks with `(XEN)` or `[VT-D]` is never a message of Linux.

`why` also recognises messages that were changed on the way:

- quotes, dashes and blanks in any form, including HTML's;
- error texts of the C library in any of its languages;
- a message whose end a pager cut off, without the value that the cut may have shortened;
- in a text of up to 65,536 characters, a message that is split over several lines;
- in such a text, a long wording in lower or upper case.

A test checks that `why` recognises nothing else. It fills in 16,963 to 17,997 format strings of 902
unrelated files of Linux 5.10.262, 6.1.192, 6.12.118 and 7.2.13 (Debian's sources), each in two
ways. The test is `tests/support/unrelated_formats.py`, with the files in `unrelated_files.txt` beside it. To repeat
it, set `DMARAGENT_LINUX_SOURCE` to a source tree and run `make test`.
"""


def page() -> str:
    """Return the page."""
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
        f"Fix: {message.advice}",
    ]
    if message.on_amd is not None:
        on_amd = message.on_amd
        meaning, advice, by_error = on_amd.meaning, on_amd.advice, on_amd.by_error
        said += [f"On AMD hosts: {meaning}"] if meaning else []
        said += ["On AMD hosts:"] if by_error and not meaning else []
        said += [f"- {text}" for text in by_error.values()]
        said += f"Fix on AMD hosts: {advice}".split("\n") if advice else []
    if message.in_quarantine:
        said.append(f"If the domain is 32753: {message.in_quarantine}")
    if FINDINGS.get(message.id):
        found = ", ".join(f"`{one}`" for one in FINDINGS[message.id])
        said.append(f"Findings of `dmaragent check`: {found}")
    if ON_AMD.get(message.id):
        found = ", ".join(f"`{one}`" for one in ON_AMD[message.id])
        said.append(f"Findings of `dmaragent check` on AMD hosts: {found}")
    said.append(f"Source: {message.source}.")
    title = _wrapped(f"**{message.title}.** {printer_words(message)}.")
    return f"\n### {message.id}\n\n{title}\n{wordings}\n" + "\n".join(map(_wrapped, said))


def _wrapped(text: str) -> str:
    hang = "  " if text.startswith("- ") else ""
    return fill(text, 99, subsequent_indent=hang, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
