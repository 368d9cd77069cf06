"""The option ``--xen``: by the rules of which release of Xen a verb answers."""

from __future__ import annotations

import argparse

from dmaragent.errors import DmaragentError
from dmaragent.question.context import DOCUMENTED
from dmaragent.question.releases import read_release


def add_xen(
    parser: argparse.ArgumentParser, said: str = "as that release of Xen (4.17, 4.16.1) would"
) -> None:
    """Add ``--xen``; `said` is its help."""
    parser.add_argument("--xen", metavar="RELEASE", help=said)


def named_release(text: str | None, *, documented: bool = False) -> str | None:
    """Give what ``--xen`` names; with `documented`, it may be the manual pages.

    Raises:
        DmaragentError: it is no release, or what this verb knows nothing of.

    """
    if text == DOCUMENTED and not documented:
        raise DmaragentError(
            "--xen documented: that is about guests' settings; resolve, hotplug and diff take it",
            "name a release, such as --xen 4.17",
        )
    if text not in (None, DOCUMENTED):
        read_release("--xen", text)
    return text
