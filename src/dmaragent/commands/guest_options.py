"""What the verbs about guests share: options, reading what they name."""

from __future__ import annotations

import argparse

from dmaragent.addresses import SBDF
from dmaragent.api import Question, Toolstack, read_release
from dmaragent.commands.options import add_host, add_json
from dmaragent.commands.xen_option import add_xen, named_release
from dmaragent.errors import DmaragentError
from dmaragent.host.device_names import parse_device_name

TOOLSTACKS = ("xl", "libvirt", "qubes", "xapi")


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say on which host and by which releases."""
    add_host(parser)
    add_xen(parser, "as that release of Xen (4.17, 4.16.1), or `documented`: by the manual pages")
    parser.add_argument(
        "--toolstack",
        choices=TOOLSTACKS,
        help="who builds the guest (default: libvirt for libvirt's XML, else xl)",
    )
    parser.add_argument(
        "--toolstack-release",
        metavar="RELEASE",
        help="where the tools are of another release than the hypervisor",
    )
    parser.add_argument(
        "--device-name",
        metavar="NAME=SBDF",
        action="append",
        default=[],
        help="what name=NAME in pci= stands for",
    )
    add_json(parser)


def question_of(options: argparse.Namespace) -> Question:
    """Put the options into a question."""
    if options.toolstack_release:
        read_release("--toolstack-release", options.toolstack_release)
    return Question(
        xen=named_release(options.xen, documented=True),
        toolstack=Toolstack(options.toolstack) if options.toolstack else None,
        toolstack_release=options.toolstack_release,
        names=dict(_named(each) for each in options.device_name),
    )


def _named(text: str) -> tuple[str, SBDF]:

    name, equals, address = text.rpartition("=")
    try:
        if not equals or not name:
            raise ValueError(f"{text!r} is not NAME=SBDF")  # noqa: TRY301 - one message for both
        device = parse_device_name(address).sbdf
        if device is None:
            raise ValueError(f"{text!r} does not name the function, as in =0000:0a:00.0")  # noqa: TRY301 - likewise
        return name, device  # noqa: TRY300 - likewise
    except ValueError as error:
        raise DmaragentError(f"--device-name: {error}") from error
