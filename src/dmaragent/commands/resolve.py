"""``dmaragent resolve``: whether a guest starts, and why."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence

from dmaragent.answers.guest import any_answer
from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.hosts import host_object, tell_reading
from dmaragent.commands.shared.output import print_document, print_lines, progress
from dmaragent.commands.shared.questions import add_stack_options, question_of, source_lines
from dmaragent.commands.shared.words import guests as words
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest, UnknownFormatError
from dmaragent.guests.xl_guest import guest_from_options
from dmaragent.guests.xlcfg import whole_number
from dmaragent.passthrough.kvm_resolution import AnyResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.present.json.common import source_object
from dmaragent.present.json.resolve import resolve_document
from dmaragent.present.text.guests import guest_text, resolve_lines
from dmaragent.present.words.guest import recorded_words
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver

DESCRIPTION = """\
Predict whether a guest starts with its PCI devices.  If it does not, show what
refuses it, by which rule, and the fixes.  GUEST is a configuration, a folder
such as /etc/xen, or - for standard input.  Formats: xl.cfg, libxl's JSON (`xl
list -l`), libvirt's XML of Xen or KVM guests (`virsh dumpxml`), Proxmox conf
(`qm config`).  Options can describe a guest instead.  Only reserved memory and
passthrough are checked: a guest may fail for other reasons."""
EXAMPLES = """\
examples:
  sudo dmaragent resolve win10.cfg              on this machine
  sudo dmaragent resolve /etc/xen               all guests of a folder
  sudo virsh dumpxml win10 | sudo dmaragent resolve -
  dmaragent resolve win10.cfg --host DMAR.bin --xen 4.17
  dmaragent resolve --memory 4096 --pci 00:14.0 --rdm strategy=host

Exit codes: 0 every guest starts; 1 one does not; 2 none is refused, but one is
unknown."""

_OPTIONS = ("memory", "maxmem", "rdm", "boundary", "videoram")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument("guests", metavar="GUEST", nargs="*", help="configuration files or folders")
    parser.add_argument("--memory", metavar="MIB", help="memory=, instead of a GUEST")
    parser.add_argument("--maxmem", metavar="MIB", help="maxmem=")
    parser.add_argument("--videoram", metavar="MIB", help="videoram=")
    parser.add_argument("--rdm", metavar="TEXT", help="rdm=")
    parser.add_argument(
        "--pci", metavar="SPEC", action="append", default=[], help="an entry of pci= (repeatable)"
    )
    parser.add_argument("--boundary", metavar="MIB", help="rdm_mem_boundary=")
    parser.add_argument("--type", choices=("hvm", "pvh", "pv"), help="type= (default: hvm)")
    parser.add_argument("--details", action="store_true", help="show all details of each guest")
    add_stack_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the resolutions."""
    guests, passed_over = _guests(options)
    if not guests:
        tell_left_out(passed_over)
        raise no_guest(options.guests)
    question = question_of(options)
    asked = ask_host(options.host, question, guests)
    tell_reading(asked.opened)
    resolver = GuestResolver(asked, question)
    verdicts: list[Verdict] = []

    def resolutions() -> Iterator[AnyResolution]:
        """Yield each resolution; none is kept, because there may be thousands."""
        shown = not options.json and sys.stdout.isatty()  # the lines themselves show progress
        for guest in guests if shown else progress(guests, "resolving"):
            resolution = resolver.resolve(guest)
            verdicts.append(resolution.verdict)
            yield resolution

    single = len(guests) == 1
    others = resolver.other_releases(guests[0]) if single else {}
    if options.json:
        answers = (
            any_answer(resolution, whole=single or options.details) for resolution in resolutions()
        )
        origin = source_object(host_object(asked.opened), resolver.source_stack(guests))
        print_document(resolve_document(answers, passed_over, origin, others))
    elif options.details or (single and not _is_folder(options.guests)):
        tell_left_out(passed_over)
        for number, resolution in enumerate(resolutions()):
            lines = guest_text(
                any_answer(resolution),
                others,
                details=options.details,
                host=options.host,
                recorded=recorded_words(asked.opened.kind, asked.opened.path),
            )
            print_lines(["", *lines] if number else lines)
        if options.details:
            print_lines(["", *source_lines(asked, resolver, guests)])
    else:
        for line in resolve_lines(resolutions(), passed_over, _common_folder(guests)):
            print_lines([line])
        print_lines(source_lines(asked, resolver, guests))
    return exit_code(verdicts)


def _is_folder(paths: Sequence[str]) -> bool:
    """Return whether a folder is named: its guests have a line each, even a single one."""
    return any(os.path.isdir(path) for path in paths)


def _common_folder(guests: Sequence[Guest]) -> str:
    """Return the folder of all guests' files; empty if they have several folders or none."""
    folders = {os.path.dirname(guest.source) for guest in guests}
    return folders.pop() if len(folders) == 1 else ""


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 1 if a guest will not start, else 2 if one is unknown, else 0."""
    if Verdict.REFUSED in verdicts:
        return 1
    return 2 if Verdict.UNDECIDED in verdicts else 0


def _guests(options: argparse.Namespace) -> tuple[list[Guest], list[tuple[str, str]]]:
    """Return the guests that are named or given as options, and the files that are not guests."""
    given = [name for name in _OPTIONS if getattr(options, name) is not None]
    given += ["pci"] if options.pci else []
    given += ["type"] if options.type else []
    if options.guests and given:
        raise words.option_with_guest(given[0])
    if not options.guests:
        if not given:
            raise words.no_guest_given()
        return [_guest_of(options)], []
    try:
        return named_guests(options.guests)
    except UnknownFormatError as error:
        if error.where in options.guests:  # a program that pipes a guest cannot use other options
            error.hint = words.or_describe(error.hint)
        raise


def _guest_of(options: argparse.Namespace) -> GuestConfig:
    """Return the guest of the options, as if they were the settings of an xl.cfg."""
    texts = {"type": options.type or "hvm"}
    names = {
        "memory": options.memory,
        "maxmem": options.maxmem,
        "videoram": options.videoram,
        "rdm": options.rdm,
        "rdm_mem_boundary": options.boundary,
    }
    texts |= {name: text for name, text in names.items() if text is not None}
    for name, text in texts.items():
        if name not in ("type", "rdm") and whole_number(text) is None:
            option = "boundary" if name == "rdm_mem_boundary" else name
            raise words.not_mib(option, text)
    return guest_from_options(texts, options.pci)
