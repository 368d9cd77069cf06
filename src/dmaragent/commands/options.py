"""Options that mean the same wherever a verb has them: the host, JSON."""

from __future__ import annotations

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


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="a JSON document (docs/schema)")
