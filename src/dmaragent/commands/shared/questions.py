"""The options for toolstack and releases of a question, and the source of its answer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.commands.shared.hosts import add_host
from dmaragent.commands.shared.output import add_json
from dmaragent.commands.shared.words import guests as words
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.host.device_names import parse_device_name
from dmaragent.policy.settings import Toolstack
from dmaragent.present.text.tables import labelled
from dmaragent.present.words.guest import source_words
from dmaragent.question.ask_host import OpenedContext
from dmaragent.question.context import DOCUMENTED, GuestResolver, Question
from dmaragent.question.releases import read_release

TOOLSTACKS = ("xl", "libvirt", "qubes", "xapi")


def add_xen(
    parser: argparse.ArgumentParser,
    help_words: str = "answer for this release of Xen (4.17, 4.16.1)",
) -> None:
    """Add ``--xen`` with `help_words` as its help."""
    parser.add_argument("--xen", metavar="RELEASE", help=help_words)


def named_release(text: str | None, *, documented: bool = False) -> str | None:
    """Return the value of ``--xen``; with `documented`, it may be the manual pages.

    Raises:
        DmaragentError: it is not a release, or this verb does not know it.

    """
    if text == DOCUMENTED and not documented:
        raise words.xen_documented()
    if text not in (None, DOCUMENTED):
        read_release("--xen", text)
    return text


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the host, the toolstack and the releases."""
    add_host(parser)
    add_xen(
        parser,
        "answer for this release of Xen (4.17, 4.16.1), or `documented`: for the manual pages",
    )
    parser.add_argument(
        "--toolstack",
        choices=TOOLSTACKS,
        help="who builds the guest (default: libvirt for libvirt's XML, otherwise xl)",
    )
    parser.add_argument(
        "--toolstack-release",
        metavar="RELEASE",
        help="the release of the tools, if it differs from the hypervisor's",
    )
    parser.add_argument(
        "--device-name",
        metavar="NAME=SBDF",
        action="append",
        default=[],
        help="the device that name=NAME in pci= means (repeatable)",
    )
    add_json(parser)


def question_of(options: argparse.Namespace) -> Question:
    """Return the question of the options."""
    if options.toolstack_release is not None:
        read_release("--toolstack-release", options.toolstack_release)
    return Question(
        xen=named_release(options.xen, documented=True),
        toolstack=Toolstack(options.toolstack) if options.toolstack else None,
        toolstack_release=options.toolstack_release,
        names=dict(_named_device(name) for name in options.device_name),
    )


def _named_device(text: str) -> tuple[str, SBDF]:

    name, equals, address = text.rpartition("=")
    try:
        if not equals or not name:
            raise ValueError(words.not_a_named_device(text))  # noqa: TRY301 - one message for both
        device = parse_device_name(address).sbdf
        if device is None:
            raise ValueError(words.named_device_without_function(text))  # noqa: TRY301 - likewise
        return name, device  # noqa: TRY300 - likewise
    except ValueError as error:
        raise DmaragentError(f"--device-name: {error}") from error


def source_lines(
    asked: OpenedContext, resolver: GuestResolver, guests: Sequence[Guest]
) -> list[str]:
    """Return the lines with the source of an answer about `guests`."""
    opened = asked.opened
    xen = any(isinstance(guest, GuestConfig) for guest in guests)
    listed = asked.facts.source if xen else None
    source = source_words(opened.kind, opened.path, resolver.source_stack(guests), listed)
    return labelled("Source", source)
