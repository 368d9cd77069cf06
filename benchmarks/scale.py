"""From a snapshot to the answer, for large hosts: 8,192 and 65,536 functions, 2,000 regions.

The host has eight segments; each function is behind one of many bridges, each region
has two owners, one of them behind a bridge.  Collecting is not measured here.
"""

import subprocess
import sys
from collections.abc import Iterator

_CHILD = """
import resource, sys, time
sys.path[:0] = {path!r}
from support.large import large_snapshot
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.present.documents import inventory_answer
snapshot = large_snapshot({functions}, {regions})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
inventory = take_inventory(join(snapshot))
answer = inventory_answer(inventory)
seconds = time.perf_counter() - begin
assert len(answer["regions"]) == {regions} and answer["pci_functions"] == {functions}
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, before / 1024, after / 1024)
"""


def _measure(functions: int, regions: int) -> tuple[float, float, float]:
    """Give seconds and the two sizes in MiB: of the median of three processes."""
    return sorted(_measured_once(functions, regions) for _ in range(3))[1]


def _measured_once(functions: int, regions: int) -> tuple[float, float, float]:
    code = _CHILD.format(path=sys.path[:2], functions=functions, regions=regions)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, before, after = map(float, done.stdout.split())
    return seconds, before, after


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each size."""
    small = _measure(8192, 250)
    large = _measure(65536, 2000)
    for functions, regions, (seconds, before, after) in (
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
        )
    yield ("64k / 8k", "", f"{large[0] / small[0]:.1f} (≤ 10)", "", "", "")


HEAD = (
    "functions",
    "regions",
    "seconds",
    "MiB with the snapshot",
    "MiB at the peak",
    "MiB added",
)
