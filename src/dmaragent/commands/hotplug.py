"""``dmaragent hotplug``: whether ``xl pci-attach`` will attach a device."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from dmaragent.addresses import SBDF
from dmaragent.collect.guest_files import read_guest_files
from dmaragent.commands.shared.hosts import tell_reading
from dmaragent.commands.shared.output import print_document, print_lines
from dmaragent.commands.shared.questions import add_stack_options, question_of, source_lines
from dmaragent.commands.shared.words import guests as words
from dmaragent.guests.config import GuestConfig
from dmaragent.host.device_names import parse_device_name
from dmaragent.policy.decisions import Verdict, undecided
from dmaragent.policy.hotplug import Hotplug
from dmaragent.present.json.hotplug import hotplug_document
from dmaragent.present.text.hotplug import hotplug_text
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Context, GuestResolver, read_guests
from dmaragent.question.words import attaching_depends_on_libvirt
from dmaragent.remedies.hotplug import hotplug

DESCRIPTION = """\
Predict whether a device can be attached to a running guest, and list everything
that would refuse it.  The guest's memory layout does not change and its rdm=
does not apply.  A device whose regions overlap guest RAM or an emulated
adapter's video memory is refused, unless SPEC contains rdm_policy=relaxed.
GUEST is its xl.cfg, the output of `xl list -l`, or libvirt's XML of a Xen
guest."""
EXAMPLES = """\
examples:
  sudo dmaragent hotplug 00:14.0 --into win10.cfg
  sudo xl list -l win10 | sudo dmaragent hotplug 00:14.0 --into -
  dmaragent hotplug 01:00.0,rdm_policy=relaxed --into g.cfg --host DMAR.bin

Exit codes: 0 it will be attached; 1 it will be refused; 2 unknown."""
_MOST_NAMED = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument("spec", metavar="SPEC", help="the device, as for xl pci-attach")
    parser.add_argument(
        "--into",
        metavar="GUEST",
        required=True,
        help="the guest: an xl.cfg, libxl's JSON, or libvirt's XML",
    )
    parser.add_argument("--guest", metavar="NAME", help="which guest, if GUEST contains several")
    add_stack_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print whether the device will be attached."""
    guest = _guest(options.into, options.guest)
    spec = _as_xl_writes_it(options.spec)
    question = question_of(options)
    asked = ask_host(options.host, question, [guest], [spec])
    tell_reading(asked.opened)
    resolver = GuestResolver(asked, question)
    hotplugged = _answer(spec, guest, resolver.contexts_for(guest))
    if options.json:
        print_document(hotplug_document(hotplugged, asked.opened.kind, asked.opened.path))
    else:
        print_lines([*hotplug_text(hotplugged), *source_lines(asked, resolver, [guest])])
    return {Verdict.STARTS: 0, Verdict.REFUSED: 1, Verdict.UNDECIDED: 2}[hotplugged.verdict]


def _answer(spec: str, guest: GuestConfig, known: Iterable[Context]) -> Hotplug:
    """Return the answer; unknown if each toolstack that may have built the guest has another one."""
    answers = [hotplug(spec, guest, each.facts, each.stack) for each in known]
    first, verdicts = answers[0], {each.verdict for each in answers}
    if len(verdicts) == 1:
        return first
    why = attaching_depends_on_libvirt(verdicts)
    decisions = (undecided(why), *first.decisions)
    return first._replace(verdict=Verdict.UNDECIDED, decisions=decisions)


def _as_xl_writes_it(spec: str) -> str:
    """Return `spec` with xl's spelling of its device, if it has another program's spelling.

    Any other text stays unchanged, and xl's own rules then decide about it.
    """
    device, comma, settings = spec.partition(",")
    try:
        SBDF.parse(device)
    except ValueError:
        pass
    else:
        return spec
    try:
        sbdf = parse_device_name(device).sbdf
    except ValueError:
        return spec
    if sbdf is None:
        return spec
    print_lines([words.in_words_of_xl(device, str(sbdf))], sys.stderr)
    return f"{sbdf}{comma}{settings}"


def _guest(path: str, name: str | None) -> GuestConfig:

    if os.path.isdir(path):
        raise words.into_a_folder(path)
    files = [file for file in read_guest_files([path]) if not file.problem]
    guests = [guest for file in files for guest in read_guests(file.text, file.path)]
    named = [guest for guest in guests if name in (None, guest.name)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(sorted({guest.name for guest in guests})[:_MOST_NAMED])
    raise words.not_one_guest(path, len(named), name, names)
