"""``dmaragent why``: the meaning of a message on a host, and the fixes."""

from __future__ import annotations

import argparse
import os
import shlex
import stat
import sys
from typing import TextIO

from dmaragent.collect import ledger
from dmaragent.collect.given_file import read_content, unpacked
from dmaragent.collect.open_host import LIVE, OpenedHost, open_host
from dmaragent.collect.support_reports.files import LARGEST_TEXT
from dmaragent.collect.support_reports.host import ReportHost, report_logs
from dmaragent.collect.table_inputs import read_standard_input
from dmaragent.commands.shared.hosts import add_host, host_object, inventory_of, tell_reading
from dmaragent.commands.shared.logs import read_log
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.words import messages as words
from dmaragent.host import Host
from dmaragent.inventory import Inventory
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.host_match import nothing_found
from dmaragent.messages.relate import relate_all
from dmaragent.present.json.why import known_document, why_document
from dmaragent.present.text.why import known_text, why_text
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing
from dmaragent.shell_words import in_command

DESCRIPTION = """\
Explain messages of Linux, Xen, QEMU, libvirt and other programs about
passthrough and reserved device memory: the reason on this host, the fixes, and
the next command.

TEXT is a pasted message or a log file; - reads standard input.  Without TEXT,
the host's own logs are read: its boot log, Xen's log in a dom0, and all logs of
a collector's report.  Logs can be packed with gzip, bzip2, xz or zstd."""
EXAMPLES = """\
examples:
  dmaragent why "libxl: error: RDM conflict at 0xad800000"
  sudo xl dmesg | sudo dmaragent why -
  journalctl -k | dmaragent why - --host recorded/
  dmaragent why --host sosreport-x/
  dmaragent why kern.log.2.gz --host recorded/
  dmaragent why --list

Exit codes: 0 a message was recognised; 1 none was, or the text is empty; 2 the
text could not be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "text", metavar="TEXT", nargs="*", help="a message, a log file, or - for standard input"
    )
    parser.add_argument(
        "--details",
        action="store_true",
        help="explain all messages, with releases, addresses and sharing of regions",
    )
    add_host(parser, "the host that printed the message, instead of this machine")
    parser.add_argument("--list", action="store_true", help="list all known messages")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the meaning of the messages."""
    if options.list:
        return _list(options)

    given = _pasted_or_named(options.text)
    opened = open_host(options.host)
    tell_reading(opened)
    inventory = None
    if given is None:
        inventory = inventory_of(opened)
        given = ("boot-log", _logs(opened, inventory.host))
    source, text = given
    recognition = recogniser().recognise(text)
    if inventory is None and recognition.found:  # the host costs more than the message
        inventory = inventory_of(opened)
    why = nothing_found(recognition) if inventory is None else relate_all(recognition, inventory)
    if options.json:
        print_document(why_document(why, source, host_object(opened)))
    elif inventory is not None and why.matches:
        print_lines(
            why_text(
                why,
                inventory.absence,
                live=opened.kind == LIVE,
                details=options.details,
                found=_found(inventory) if any(match.findings for match in why.matches) else None,
                host=f" --host {in_command(opened.path)}" if opened.path else "",
            )
        )
    else:
        print_lines(_nothing_words(text, recognition.line_count).split("\n"))
    if source == "boot-log":
        _tell_cut_logs(opened, sys.stderr if options.json else sys.stdout)
    return 0 if why.matches else 1


def _found(inventory: Inventory) -> frozenset[str]:
    """Return the findings of the host: only these are named as what `check` shows."""
    from dmaragent.checks import check  # noqa: PLC0415 - for messages that have findings

    return frozenset(finding.rule.id for finding in check(inventory).findings)


def _tell_cut_logs(opened: OpenedHost, out: TextIO) -> None:
    """Print which logs of a report were not read to their end."""
    for path in opened.reader.cut_logs() if isinstance(opened.reader, ReportHost) else ():
        more = f"  tail -c +{LARGEST_TEXT + 1} {shlex.quote(path)} | dmaragent why -"
        print_lines([words.log_cut(LARGEST_TEXT >> 20, path), more], out)


def _nothing_words(text: str, lines: int) -> str:

    if not text.strip():
        return words.no_message_given()
    return words.no_message_known(count(lines, "line"))


def _list(options: argparse.Namespace) -> int:

    if options.json:
        print_document(known_document(MESSAGES))
    else:
        print_lines(known_text(MESSAGES))
    return 0


def _pasted_or_named(given: list[str]) -> tuple[str, str] | None:
    """Return the source and the text; None: none was given, so the host's logs count."""
    if not given:
        return None
    if given == ["-"]:
        name = "standard input"
        return "standard-input", read_log(name, unpacked(name, read_standard_input()))
    text = " ".join(given)
    if len(given) == 1 and _is_file(text):
        return "file", read_log(text, read_content(text))
    return "text", text


def _is_file(text: str) -> bool:
    """Return whether `text` names a file, a pipe or a folder, also one that does not exist.

    A text that is a message names none. Reading a folder reports what it is.
    """
    try:
        mode = os.stat(text).st_mode
    except OSError:
        one_word = not any(map(str.isspace, text))
        is_named = one_word and ("/" in text or text.endswith((".log", ".txt")))
    except ValueError:
        return False
    else:
        is_named = stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISDIR(mode)
    return is_named and not recogniser().recognise(text).found


def _logs(opened: OpenedHost, host: Host) -> str:
    """Return the logs of a host: all logs of a report, or the boot log and Xen's own log.

    Raises:
        DmaragentError: the host has no log.

    """
    texts = report_logs(opened.reader)
    if not texts and host.iommu_log is not None:
        texts = ["\n".join(host.iommu_log)]
    if host.xen is not None and not isinstance(opened.reader, ReportHost):
        ring = opened.reader.call(ledger.XL_DMESG.request())
        if not isinstance(ring, Missing):
            texts.append(ring.decode("utf-8", "surrogateescape"))
    if not texts:
        raise words.no_log_read(live=opened.kind == LIVE)
    return "\n".join(texts)
