"""Resolving guests: 125 and 1,000 of 100 devices each, on a host of 1,000 regions.

Each guest is a different xl.cfg, parsed from its text. The host is read once for all, as in the
verb. Each size is measured in a separate process.
"""

import subprocess
import sys
from collections.abc import Iterator

_CHILD = """
import sys, time
sys.path[:0] = {path!r}
from dmaragent.addresses import SBDF
from dmaragent.guests.xl_guest import guest_from_xl
from dmaragent.guests.xlcfg import read_xl_config
from support.guests import answer, facts, region
regions = [region(0x80100000 + n * 0x10000, 0x2000) for n in range(1000)]
devices = {{SBDF(0, 1 + n // 256, n // 8 % 32, n % 8): regions[n * 10 : n * 10 + {owned}] for n in range(100)}}
host = facts(devices, listed=regions)
pci = ", ".join('"%s,rdm_policy=%s"' % (one, {policy!r}) for one in devices)
texts = [
    'name = "g%d"\\ntype = "hvm"\\nmemory = %d\\n%s\\npci = [ %s ]\\n' % (n, 2900 + n % 100, {rdm!r}, pci)
    for n in range({guests})
]
begin = time.perf_counter()
for text in texts:
    answer(guest_from_xl(read_xl_config(text), "g.cfg"), host, {release!r})
print(time.perf_counter() - begin)
"""
_UNDEFINED = 'rdm = "strategy=host"'
_LOW = _UNDEFINED + "\nrdm_mem_boundary = 3500"
_RELAXED = 'rdm = "strategy=host,policy=relaxed"'
KINDS = (
    ("strict devices", "4.22", "strict", "", 10),
    ("relaxed devices", "4.22", "relaxed", "", 10),
    ("strategy=host, policy undefined", "4.22", "strict", _UNDEFINED, 10),
    ("the same, every region in conflict", "4.22", "strict", _LOW, 10),
    ("the same, regions of other devices", "4.22", "strict", _LOW, 0),
    ("strategy=host,policy=relaxed", "4.14.6", "relaxed", _RELAXED, 10),
)
"""The name, release, devices' policy, a line of the configuration, regions per device."""


def _seconds(guests: int, kind: tuple[str, str, str, str, int]) -> float:
    """Return the times of the quickest of three processes."""
    _, release, policy, rdm, owned = kind
    code = _CHILD.format(
        path=sys.path[:2], guests=guests, release=release, policy=policy, rdm=rdm, owned=owned
    )
    times = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        times.append(float(done.stdout))
    return min(times)


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each kind of guest."""
    for kind in KINDS:
        few, many = _seconds(125, kind), _seconds(1000, kind)
        yield (
            kind[0],
            kind[1],
            f"{few:.2f}",
            f"{many:.2f} (≤ 10)",
            f"{many / few:.1f} (8 is linear)",
        )


HEAD = ("guests", "Xen", "125, seconds", "1,000, seconds", "1,000 / 125")
