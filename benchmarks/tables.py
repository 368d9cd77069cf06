"""The tables for measuring decoding: three synthetic ones, and the corpus if it is present."""

import os
from pathlib import Path

from support.tables import drhd, rmrr, scope, table

CORPUS = Path(os.environ.get("DMARAGENT_CORPUS", Path(__file__).parents[2] / "shared/corpus"))
USB = scope(1, 0, (0x1D, 0))


def written_tables() -> dict[str, bytes]:
    """Return tables of three sizes: a laptop's, a server's and one with 520 scope entries."""
    laptop = table(
        drhd(0xFED90000, scope(1, 0, (2, 0))),
        drhd(0xFED91000, scope(3, 0xF0, (0x1F, 0)), scope(4, 0, (0x1F, 0)), flags=1),
        rmrr(0x9B000000, 0x9F7FFFFF, scope(1, 0, (2, 0))),
        rmrr(0x8D4E1000, 0x8D500FFF, USB, scope(1, 0, (0x14, 0))),
    )
    ten = [scope(1, 0, (0x1C, 4), (0, n % 8)) for n in range(10)]
    server = table(
        drhd(0xFBEFE000, *ten), *[rmrr(n << 16, (n << 16) + 0xFFF, *ten) for n in range(9)]
    )
    large = table(*[rmrr(n << 16, (n << 16) + 0xFFF, *ten) for n in range(52)])
    return {"laptop": laptop, "server": server, "520 scopes": large}


def captured_tables() -> list[bytes]:
    """Return the corpus's DMAR tables, or none."""
    return [path.read_bytes() for path in sorted(CORPUS.glob("dmar/*.dmar"))]
