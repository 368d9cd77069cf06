"""``dmaragent dump``: the support bundle."""

from __future__ import annotations

import argparse
import sys

from dmaragent.collect.bundling import (
    Answers,
    ask_host,
    changed_before,
    keep_answers,
    pack,
    top_folder,
)
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.open_host import open_host
from dmaragent.collect.writing import check_place, write_new
from dmaragent.commands.shared.bundle_reports import derive
from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.hosts import add_host, tell_reading
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.words import command_line as words
from dmaragent.commands.shared.words import guests as guest_words
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.host import join
from dmaragent.present.json.dump import dump_document
from dmaragent.present.text.dump import dump_text
from dmaragent.present.words.bundle import WrittenBundle
from dmaragent.question import words as question_words
from dmaragent.question.ask_host import library_request

DESCRIPTION = """\
Write a support bundle: everything that dmaragent reads from this machine, and
its answers, in one archive.  With --host, every command reads the bundle and
gives the same answer as on this machine.

Host and guest names, UUIDs and MAC addresses become host-1, guest-1, uuid-1,
mac-1.  Boot options that no answer uses are left out.  A bundle never contains
serial numbers, configuration space beyond 64 bytes, or other tables than DMAR
and IVRS."""
EXAMPLES = """\
examples:
  sudo dmaragent dump
  sudo dmaragent dump --guest /etc/xen/win10.cfg -o for-support.tar.xz
  ssh root@server dmaragent dump -o - > server.tar.xz
  dmaragent inventory --host for-support.tar.xz

Exit codes: 0 written; 1 written, but a reading or an answer failed;
2 nothing was written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the file to write, or - for standard output (default: dmaragent-DATE-TIME.tar.xz; "
        "dmaragent-bundle.tar.xz if --host has no time)",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument(
        "--guest",
        metavar="CFG",
        action="append",
        default=[],
        help="also record how this host's xl reads rdm= and pci= of this guest (repeatable)",
    )
    parser.add_argument(
        "--no-redact",
        action="store_true",
        help="keep names, identifiers and boot options as they are",
    )
    add_host(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Write the bundle and print a summary of its content."""
    _check_output(options)
    answers, before, kind, source = _ask(options)
    _show_progress(words.deciding(len(answers)))
    recorded = keep_answers(answers, redact=not options.no_redact, before=before)
    derived, problems = derive(recorded.snapshot, kind)
    _show_progress("packing")
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
    _print_summary(options, written)
    return 1 if recorded.lost or problems else 0


def _ask(options: argparse.Namespace) -> tuple[Answers, frozenset[HostRequest], str, str]:
    """Read the host and close it.

    Return its answers, those that were redacted before, its kind and its path.
    """
    guests = _guests(options.guest)
    _show_progress("reading the host")
    opened = open_host(options.host)
    tell_reading(opened)
    answers = ask_host(opened.reader, lambda snapshot: [library_request(join(snapshot), guests)])
    return answers, changed_before(opened.reader, answers), opened.kind, opened.path


def _guests(paths: list[str]) -> list[GuestConfig]:
    """Return the Xen guests at `paths`; libxlutil reads nothing of a KVM guest."""
    guests, passed_over = named_guests(paths)
    xen = [guest for guest in guests if isinstance(guest, GuestConfig)]
    if xen:
        kvm = (guest.source for guest in guests if not isinstance(guest, GuestConfig))
        passed_over = [*passed_over, *((source, guest_words.kvm_guest()) for source in kvm)]
    tell_left_out(passed_over)
    if paths and not guests:
        raise no_guest(paths)
    if guests and not xen:
        raise DmaragentError(
            question_words.xen_guest_needed(guests[0].source),
            question_words.RESOLVE_ANSWERS_FOR_KVM,
        )
    return xen


def _check_output(options: argparse.Namespace) -> None:
    """Reject an unusable output before the host is read."""
    path = options.output
    if path == "-":
        if sys.stdout.isatty():
            raise words.bundle_to_terminal()
        if options.json:
            raise words.output_taken_by_json()
    else:
        check_place("dmaragent-bundle" if path is None else path, force=options.force)


def _write(options: argparse.Namespace, packed: bytes, usual: str) -> str:
    """Write the bundle; return its path, empty for standard output."""
    if options.output == "-":
        sys.stdout.buffer.write(packed)
        sys.stdout.buffer.flush()  # before the summary on standard error
        return ""
    path: str = usual if options.output is None else options.output
    write_new(path, packed, force=options.force)
    return path


def _show_progress(what: str) -> None:
    """Print on a terminal what is being done."""
    if sys.stderr.isatty():
        print_lines([f"{what} …"], sys.stderr)


def _print_summary(options: argparse.Namespace, written: WrittenBundle) -> None:
    """Print the summary, on standard error if the bundle went to standard output."""
    if options.json:
        print_document(dump_document(written))
        return

    print_lines(dump_text(written), sys.stdout if written.path else sys.stderr)
