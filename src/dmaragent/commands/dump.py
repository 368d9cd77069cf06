"""``dmaragent dump``: the support bundle."""

from __future__ import annotations

import argparse
import sys

from dmaragent.api import library_request
from dmaragent.collect.bundling import (
    Answers,
    ask_host,
    changed_before,
    keep_answers,
    pack,
    top_folder,
)
from dmaragent.collect.guest_files import read_guest_files
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.open_host import open_host
from dmaragent.collect.writing import check_place, write_new
from dmaragent.commands.shared import words
from dmaragent.commands.shared.bundle_reports import derive
from dmaragent.commands.shared.guest_files import tell_left_out
from dmaragent.commands.shared.hosts import add_host, tell_reading
from dmaragent.commands.shared.output import add_json, print_document
from dmaragent.host import join
from dmaragent.present.json.dump import dump_document
from dmaragent.present.text.dump import dump_text
from dmaragent.present.words.bundle import WrittenBundle
from dmaragent.question.context import read_guests

DESCRIPTION = """\
Write a support bundle: everything that dmaragent reads of this machine
and what it makes of it, in one archive.  Every command takes
it with --host and gives the same answer as here.

Not in it: serial numbers, configuration space beyond 64 bytes, tables other
than DMAR.  Replaced by host-1, guest-1, uuid-1, mac-1: what would tell whose
machine it is.  Boot options of no concern are left out."""
EXAMPLES = """\
examples:
  sudo dmaragent dump
  sudo dmaragent dump --guest /etc/xen/win10.cfg -o for-support.tar.xz
  ssh root@server dmaragent dump -o - > server.tar.xz
  dmaragent inventory --host for-support.tar.xz

Exit codes: 0 written; 1 written, but something could not be read;
2 nothing was written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where to write it, - for standard output (default: dmaragent-DATE-TIME.tar.xz here; "
        "dmaragent-bundle.tar.xz where --host does not say when it was read)",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    parser.add_argument(
        "--guest",
        metavar="CFG",
        action="append",
        default=[],
        help="keep how the xl here reads the rdm= and pci= of this guest (again for more)",
    )
    parser.add_argument(
        "--no-redact", action="store_true", help="replace and leave out nothing that was read"
    )
    add_host(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Write the bundle, and say what is in it."""
    _check_output(options)
    answers, before, kind, source = _ask(options)
    _say(words.deciding(len(answers)))
    recorded = keep_answers(answers, redact=not options.no_redact, before=before)
    derived, problems = derive(recorded.snapshot, kind)
    _say("packing")
    top = top_folder(recorded.taken)
    packed = pack({**recorded.files, **derived}, top, recorded.taken)
    written = WrittenBundle(
        path=_write(options, packed, f"{top}.tar.xz"),
        size=len(packed),
        host=kind,
        source=source,
        readings=recorded.readings,
        lost=tuple((request.path, missing) for request, missing in recorded.lost),
        redacted=recorded.redacted,
        replaced=recorded.replaced,
        words_left_out=recorded.words_left_out,
        problems=problems,
    )
    _tell(options, written)
    return 1 if recorded.lost or problems else 0


def _ask(options: argparse.Namespace) -> tuple[Answers, frozenset[HostRequest], str, str]:
    """Ask the host, and let go of it.

    Give its answers, those that were redacted before, its kind and its path.
    """
    files = [*read_guest_files(options.guest)]
    tell_left_out([(file.path, file.problem) for file in files if file.problem])
    guests = [
        guest for file in files if not file.problem for guest in read_guests(file.text, file.path)
    ]
    _say("reading the host")
    opened = open_host(options.host)
    tell_reading(opened)
    answers = ask_host(opened.reader, lambda snapshot: [library_request(join(snapshot), guests)])
    return answers, changed_before(opened.reader, answers), opened.kind, opened.path


def _check_output(options: argparse.Namespace) -> None:
    """Refuse before the work what would be refused after it."""
    path = options.output
    if path == "-":
        if sys.stdout.isatty():
            raise words.bundle_to_terminal()
        if options.json:
            raise words.output_taken_by_json()
    else:
        check_place("dmaragent-bundle" if path is None else path, force=options.force)


def _write(options: argparse.Namespace, packed: bytes, usual: str) -> str:
    """Write the bundle; give its path, empty for standard output."""
    if options.output == "-":
        sys.stdout.buffer.write(packed)
        sys.stdout.buffer.flush()  # what is said of it comes after it
        return ""
    path: str = usual if options.output is None else options.output
    write_new(path, packed, force=options.force)
    return path


def _say(what: str) -> None:
    """Tell on a terminal how far it is."""
    if sys.stderr.isatty():
        print(f"{what} …", file=sys.stderr)


def _tell(options: argparse.Namespace, written: WrittenBundle) -> None:
    """Say what was written: on standard error where the bundle went to standard output."""
    if options.json:
        print_document(dump_document(written))
        return

    out = sys.stdout if written.path else sys.stderr
    print("\n".join(dump_text(written)), file=out)
