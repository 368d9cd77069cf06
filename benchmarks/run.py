"""Measure every table of docs/performance.md and write that page (``make bench``).

Each table is kept in build/bench as soon as it is measured. ``benchmarks/run.py TABLE ...`` measures only
those again, such as one that another program disturbed.
"""

import argparse
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks"), str(ROOT)]

import agent  # noqa: E402 - the path above is needed
import decoding  # noqa: E402 - likewise
import decoding_ivrs  # noqa: E402 - likewise
import dumping  # noqa: E402 - likewise
import fleet  # noqa: E402 - likewise
import guests  # noqa: E402 - likewise
import layers  # noqa: E402 - likewise
import peers  # noqa: E402 - likewise
import regions  # noqa: E402 - likewise
import replay  # noqa: E402 - likewise
import scale  # noqa: E402 - likewise
import startup  # noqa: E402 - likewise
import worst  # noqa: E402 - likewise

PAGE = """\
# Performance

`make bench` writes this page. Compare the ratios: all figures of a table come from one run, in turn, on one machine
({machine}). Absolute times depend on the speed of that machine, which others use too: the loop of plain struct over the
laptop's table, below, took 4 µs on 2026-11-30. The targets in seconds are for that speed. If the loop takes 8 µs,
compare with twice the target: what is above a target then is within it at the speed for which it was set, unless the
text says otherwise. Versions: Python {python}, construct {construct}, edk2-pytool-library
{edk2}.

## Decoding a table

The processor time from bytes to structures, in one process; medians of 15 rounds. The target is 0.7 times the time of
edk2-pytool-library, also the first time. That library checks neither lengths nor the checksum, and gets no SATC or
SIDP. "Plain struct" is a loop that only unpacks the fields with `struct`: the lower limit.

"First time" is a table whose devices are all new to the process. dmaragent caches the last 1024 different device scope
entries. So in an agent, or in a folder of tables, the column "dmaragent" applies. No column includes what a process
does once for each kind of structure, when it decodes the first one: about 0.1 ms each.

{decoding}

In the smallest table, the first time is above the target: a third of it makes the values of five device scope
entries, which the column "dmaragent" gets from the cache.

An IVRS, compared with the same two. The target for a real table is five times the lower limit, 0.7 times the time of
edk2-pytool-library, and time that grows linearly. Nothing is cached. That library refuses most real
tables, because of their IVinfo.

{decoding_ivrs}

## Comparison with other programs

chipsec's decoder checks nothing, and keeps most structures as text. `iasl -d` and `lspci` are programs in C, and are
measured as whole processes. dmaragent's processes beside them spend most of their time in the start and the imports
of Python (see the next table). `lspci -D -n` only lists functions; `inventory` also joins them with the table. The
figures are medians of 11 runs in turn (5 of `inventory`), and the ratios are of each pair of runs.

{peers}

## Start

Whole processes, in turn; medians of 21. The import floor is a process that imports all modules which the verb has
imported at its end, and does nothing else. Every verb that reads a table imports construct, with which its grammars
are written, so `import construct` is shown too. `status` imports no module of tables.

`inventory` is above its target. Construct alone takes almost all of it, and the program's own modules for tables, hosts
and Xen take as much again. What the verb itself does is in the last row. Only fewer or smaller modules can change this.

{startup}

## Large hosts

The time from a snapshot to the answer of `inventory`, on eight segments, each size in a process of its own. The target
for 65,536 functions and 2,000 regions is 2 s and 200 MiB.

{scale}

## Many regions

Each verb on a recorded host with five functions, whose table has 4,096 regions, the most that are examined. There are
twelve shapes of table: regions of one device, of a device each, overlapping, of absent devices, with long scopes, and
others (`tests/support/many_regions.py`). The slowest shape is shown, in processor seconds of whole processes. `decode`
also decodes a table of 65,536 regions; the other verbs report why they do not examine it. The peak of `decode` is that
of 65,536 regions.

Of the captured tables, the largest has nine regions; these tables are hostile. `resolve` takes longest because it
predicts Xen's list for each release where the host's is unknown, and tries each fix by resolving the guest again.

{regions}

## Time by layer

The time of each layer for a synthetic host in memory, and for a host of eight times as many functions and regions. The
figures are the fastest of nine times in three processes, and for the agent of three. The agent reads everything
again, publishes it, and reports what changed. The last rows are files on disk, in a process that did the same before
with 64 functions.

The target is at most tenfold time for an eightfold host. The number of calls grows linearly
(tests/dmaragent/test_work_growth.py). A ratio above 8 is memory outside the caches of the processor, and varies from
run to run. The same holds for the checks of regions that all overlap, in the table of large
hosts.

{layers}

## Making a bundle

`dump` and `inventory` of the recording of a host with 4,096 functions, whole processes in turn; medians of three. The
target is 5 s and 100 MiB.

{dumping}

## Replaying a bundle

`inventory --host` of the recording of a host with 4,096 functions, as a whole process; medians of three. The target
is 3 s.

{replay}

## Guests

Guests with 100 devices each are resolved on a host with 1,000 regions, ten for each device. The time is from the text
of each xl.cfg to the verdict, without fixes; the fastest of three processes. The target is 1,000 guests in 10 s, and
time that grows linearly with the number of guests.

{guests}

## Many hosts

`dmaragent fleet` on folders of synthetic bundles (gzip), each a whole process on one processor. `device` and `resolve`
read one host of each class. The guests differ in memory, device, strategy and policy, so each guest is resolved on each class.
`resolve` keeps the answer of each guest on each class until it prints them: 324,500 here, hence its memory.

{fleet}

## The local API of the agent

50 clients at once send 100 requests each to the service, which publishes a recorded machine. They request the
inventory, a device, findings and metrics in turn. Every fifth request of two clients is about a guest, which a
worker resolves. The resident memory was 34.6 MiB on 2026-11-30, and has grown above its target with what the agent
knows; the unit's limit (`MemoryMax=`) has room for it and for the workers.

Then, for a minute, twelve processes of hostile clients of another user (`tests/support/agent_hostile.py`) run beside
one client that requests a device. The times include waiting for a processor, so they depend on the load of the
machine.

{agent}

## The slowest inputs

The slowest input that a search found, for each fuzzed input. The search compares thousands of families, each of
which repeats something, at 2 and 8 KiB. It measures the few that took longest or grew most at three sizes. Seconds
are processor time of the harness, which processes an input mostly twice, and checks the result. Growth is
that of the time from 16 to 64 KiB, divided by that of the input: 1 is linear, 4 is quadratic.

{worst}
"""


MEASURED = {
    "decoding": decoding,
    "decoding_ivrs": decoding_ivrs,
    "startup": startup,
    "scale": scale,
    "regions": regions,
    "dumping": dumping,
    "replay": replay,
    "guests": guests,
    "fleet": fleet,
    "agent": agent,
    "peers": peers,
    "layers": layers,
    "worst": worst,
}
"""What measures each table of the page, by its name there."""
KEPT = ROOT / "build/bench"
"""The tables that were measured, until the page is written anew."""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def measure(name: str) -> None:
    """Measure one table and keep it, with its date."""
    of = MEASURED[name]
    measured = table(of.HEAD, of.rows())
    KEPT.mkdir(parents=True, exist_ok=True)
    text = f"{measured}\n\nMeasured on {datetime.now(UTC).date()}."
    (KEPT / f"{name}.md").write_text(text, "utf-8")
    print(text, flush=True)


def main() -> None:
    """Measure the named tables, by default all, and write the page if every table was measured."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("tables", nargs="*", choices=[[], *MEASURED], metavar="TABLE")
    names = parser.parse_args().tables or list(MEASURED)
    for name in names:
        measure(name)
    kept = {name: KEPT / f"{name}.md" for name in MEASURED}
    missing = [name for name, path in kept.items() if not path.exists()]
    if missing:
        sys.exit(f"the page is not written: not measured yet: {' '.join(missing)}")
    page = PAGE.format(
        machine=f"{platform.machine()}, {platform.system()}",
        python=platform.python_version(),
        construct=version("construct"),
        edk2=version("edk2-pytool-library"),
        **{name: path.read_text("utf-8") for name, path in kept.items()},
    )
    (ROOT / "docs/performance.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
