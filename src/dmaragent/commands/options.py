"""Options that mean the same wherever a verb has them: the host, the release of Xen, JSON."""

from __future__ import annotations

TYPE_CHECKING = False  # mypy takes it for typing's; importing typing would cost 4 ms
if TYPE_CHECKING:
    import argparse


def add_host(parser: argparse.ArgumentParser, instead: str = "instead of this machine") -> None:
    """Add ``--host``; `instead` says what the host is to the question."""
    parser.add_argument(
        "--host",
        metavar="PATH",
        help=f"{instead}: a bundle, a collector's report (sos, xen-bugtool, hw-probe, ...), a "
        "table or text that holds one (acpidump, hexdump, xxd, od, iasl), a recorded machine, or a directory or archive that holds one of "
        "these or is shaped like a root file system",
    )


def add_xen(
    parser: argparse.ArgumentParser, said: str = "as that release of Xen (4.17, 4.16.1) would"
) -> None:
    """Add ``--xen``; `said` is its help."""
    parser.add_argument("--xen", metavar="RELEASE", help=said)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="a JSON document (docs/schema)")


def named_release(text: str | None, *, documented: bool = False) -> str | None:
    """Give what ``--xen`` names; with `documented`, it may be the manual pages.

    Raises:
        DmaragentError: it is no release, or what this verb knows nothing of.

    """
    from dmaragent.asking import DOCUMENTED, read_release  # noqa: PLC0415 - start-up time
    from dmaragent.errors import DmaragentError  # noqa: PLC0415 - likewise

    if text == DOCUMENTED and not documented:
        raise DmaragentError(
            "--xen documented: that is about guests' settings; resolve, hotplug and diff take it",
            "name a release, such as --xen 4.17",
        )
    if text not in (None, DOCUMENTED):
        read_release("--xen", text)
    return text
