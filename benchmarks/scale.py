"""From a snapshot to the answer, for large hosts: 8,192 and 65,536 functions, 2,000 regions.

The host has eight segments; each function is behind one of many bridges, and each region has two
owners, one of them behind a bridge. Collecting is not measured. All rules of ``dmaragent check``
run on the same host, as a share of the inventory's time. They also run on hosts whose regions all
overlap, where four times the regions can take five times as long.
"""

import subprocess
import sys
from collections.abc import Iterator

_CHILD = """
import resource, sys, time
sys.path[:0] = {path!r}
from support.large import large_snapshot
from dmaragent.checks import check
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.present.json.inventory import inventory_answer
snapshot = large_snapshot({functions}, {regions})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
inventory = take_inventory(join(snapshot))
answer = inventory_answer(inventory)
seconds = time.perf_counter() - begin
assert len(answer["regions"]) == {regions} and answer["pci_functions"] == {functions}
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
check(inventory)
checking = time.perf_counter() - begin
print(seconds, before / 1024, after / 1024, checking)
"""
_OVERLAPPING = """
import sys, time
sys.path[:0] = {path!r}
from support.large import large_snapshot
from dmaragent.checks import check
from dmaragent.host import join
from dmaragent.inventory import take_inventory
inventory = take_inventory(join(large_snapshot(8192, {regions}, size=1 << 24)))
seconds = []
for _ in range(3):
    begin = time.perf_counter()
    checked = check(inventory)
    seconds.append(time.perf_counter() - begin)
assert sum(one.rule.id == "rmrr-overlap" for one in checked.findings) == {regions} - 1
print(min(seconds))
"""


def _measure(functions: int, regions: int) -> tuple[float, float, float, float]:
    """Return seconds, both sizes in MiB and seconds of checking: the median of three."""
    return sorted(_measured_once(functions, regions) for _ in range(3))[1]


def _measured_once(functions: int, regions: int) -> tuple[float, float, float, float]:
    code = _CHILD.format(path=sys.path[:2], functions=functions, regions=regions)
    seconds, before, after, checking = _run(code)
    return seconds, before, after, checking


def _overlapping(regions: int) -> float:
    """Return the seconds for checking regions that all overlap: the quickest of nine times."""
    code = _OVERLAPPING.format(path=sys.path[:2], regions=regions)
    return min(_run(code)[0] for _ in range(3))


def _run(code: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each size."""
    small = _measure(8192, 250)
    large = _measure(65536, 2000)
    for functions, regions, (seconds, before, after, checking) in (
        (8192, 250, small),
        (65536, 2000, large),
    ):
        yield (
            f"{functions:,}",
            f"{regions:,}",
            f"{seconds:.2f}",
            f"{before:.0f}",
            f"{after:.0f}",
            f"{after - before:.0f}",
            f"{checking / seconds:.2f} (≤ 1)",
        )
    yield ("64k / 8k", "", f"{large[0] / small[0]:.1f} (≤ 10)", "", "", "", "")
    ratio = _overlapping(4000) / _overlapping(1000)
    yield ("8,192", "4,000 / 1,000, all overlap", "", "", "", "", f"{ratio:.1f} (≤ 5)")


HEAD = (
    "functions",
    "regions",
    "seconds",
    "MiB with the snapshot",
    "MiB at the peak",
    "MiB added",
    "check / inventory; check / check",
)
