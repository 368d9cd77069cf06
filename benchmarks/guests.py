"""Resolving guests: 125 and 1,000 of 100 devices each, on a host of 1,000 regions.

Each guest is another xl.cfg, read from its text; the host is taken once for all, as the
verb does.  Each size is measured in a process of its own.
"""

import subprocess
import sys
from collections.abc import Iterator

_CHILD = """
import sys, time
sys.path[:0] = {path!r}
from dmaragent.addresses import SBDF
from dmaragent.policy.xl_guest import guest_from_xl
from dmaragent.policy.xlcfg import read_xl_config
from support.guests import answer, facts, region
regions = [region(0x80100000 + n * 0x10000, 0x2000) for n in range(1000)]
devices = {{SBDF(0, 1 + n // 256, n // 8 % 32, n % 8): regions[n * 10 : n * 10 + 10] for n in range(100)}}
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
KINDS = (
    ("strict devices", "4.22", "strict", ""),
    ("relaxed devices", "4.22", "relaxed", ""),
    ("strategy=host, policy undefined", "4.22", "strict", 'rdm = "strategy=host"'),
    (
        "strategy=host, undefined, conflicts",
        "4.22",
        "strict",
        'rdm = "strategy=host"\nrdm_mem_boundary = 3500',
    ),
    ("strategy=host,policy=relaxed", "4.14.6", "relaxed", 'rdm = "strategy=host,policy=relaxed"'),
)


def _seconds(guests: int, release: str, policy: str, rdm: str) -> float:
    """Give the median of three processes."""
    code = _CHILD.format(path=sys.path[:2], guests=guests, release=release, policy=policy, rdm=rdm)
    times = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        times.append(float(done.stdout))
    return sorted(times)[1]


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each kind of guest."""
    for name, release, policy, rdm in KINDS:
        few = _seconds(125, release, policy, rdm)
        many = _seconds(1000, release, policy, rdm)
        yield (name, release, f"{few:.2f}", f"{many:.2f} (≤ 10)", f"{many / few:.1f} (8 is linear)")


HEAD = ("guests", "Xen", "125, seconds", "1,000, seconds", "1,000 / 125")
