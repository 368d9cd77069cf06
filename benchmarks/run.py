"""Measure everything in one run and write docs/performance.md (``make bench``)."""

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks"), str(ROOT)]

import agent  # noqa: E402 - the path above is needed
import decoding  # noqa: E402 - likewise
import decoding_ivrs  # noqa: E402 - likewise
import dumping  # noqa: E402 - likewise
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

Written by `make bench`; not edited by hand.  Read the ratios: all figures of a table come
from one run, in turn, on one machine ({machine}), where absolute times vary by a third.
Python {python}, construct {construct}, edk2-pytool-library {edk2}.

## Decoding a table

From bytes to structures, in one process, in turn; medians of 15 rounds.  The target is to be
no slower than edk2-pytool-library, which checks neither lengths nor the checksum and is given
no SATC or SIDP; the plain walk with `struct` only unpacks, and is the floor.

"First time" is a table none of whose devices was met before, as in a command that decodes one
table.  dmaragent keeps the last 1024 different device scope entries as values, so that in an
agent, or over a folder of tables, the other column is what happens.

{decoding}

An IVRS beside the same floor.  The target is five times its time for a real table; the last 4096
different device entries are kept as values.

{decoding_ivrs}

## Against other programs

chipsec's decoder checks nothing and keeps most structures as text; `iasl -d` and `lspci` are C, and
whole processes, as are dmaragent's beside them: of those most is Python, which starts and imports
(see the next table).  `lspci -D -n` lists functions; `inventory` joins them with the table.
Medians of runs in turn, 11 of them and 5 of `inventory`; ratios are of each pair of runs.

{peers}

## Starting up

Whole processes, median of 21, in turn.  The import floor is a process that imports every
module the verb's process ends with, and does nothing.

{startup}

## Large hosts

From a snapshot to the answer of `inventory`, on eight segments, each size in a process of its
own.  The target for 65,536 functions and 2,000 regions is 2 s and 200 MiB.

{scale}

## Many regions

Each verb on the recording of a host of five functions whose table has as many regions as are
examined, 4,096, in twelve shapes: of one device, of a device each, overlapping, absent, with long
scopes and others (`tests/support/many_regions.py`); the slowest shape is shown.  Processor seconds of
whole processes.  A table of 65,536 regions is decoded; the other verbs say why they do not examine it.
The peak of `decode` is that of 65,536.

{regions}

## Layer by layer

What each layer takes of a made-up host that answers out of memory, and of one eight times as large
with as many more regions; the quickest of nine times in three processes, of the agent of three.  The
agent reads all again, publishes it and says what changed.  Below are files on disk, in a process
that did the same before with 64 functions.  The target is at most tenfold.  The calls that a layer
makes grow with the host and no faster (tests/dmaragent/test_work_growth.py): what a ratio has above 8 is
memory that the processor does not keep near, and differs from run to run.

{layers}

## Making a bundle

`dump` and `inventory` of the recording of a host with 4,096 functions, whole processes in turn;
medians of three.  The target is 5 s and 100 MiB.

{dumping}

## Replaying a bundle

`inventory --host` of the recording of a host with 4,096 functions, as a whole process; medians of
three.  The target is 3 s.

{replay}

## Guests

Resolving guests of 100 devices each on a host of 1,000 regions, ten of them each device's,
from the text of each guest's xl.cfg, without looking for remedies.  The target is 1,000
guests in 10 s, linear in guests; the quickest of three processes.

{guests}

## The agent's local API

The service over a recorded machine, asked by 50 clients at once for 100 requests each: inventory, a
device, findings and metrics in turn, and for every fifth request of two of them a guest, which a
process of its own resolves.  Then for a minute twelve processes of hostile clients of another user
(`tests/support/agent_hostile.py`) beside one client that asks for a device.  Times include waiting for
a processor: read them against the load of the machine.

{agent}

## The slowest inputs

For each kind of input that is fuzzed the slowest that a search found: thousands of families, each of
which repeats something, are compared at 2 and 8 KiB, and the few that took longest or grew most
are measured at three sizes.  Seconds are processor time of the fuzzer's harness, which does all
that is done with such an input, mostly twice, and checks what comes out.  Growth is from 16 to
64 KiB, for as much more input: 1 is linear, 4 the square.

{worst}
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Measure and write the page."""
    page = PAGE.format(
        machine=f"{platform.machine()}, {platform.system()}",
        python=platform.python_version(),
        construct=version("construct"),
        edk2=version("edk2-pytool-library"),
        decoding=table(decoding.HEAD, decoding.rows()),
        decoding_ivrs=table(decoding_ivrs.HEAD, decoding_ivrs.rows()),
        startup=table(startup.HEAD, startup.rows()),
        scale=table(scale.HEAD, scale.rows()),
        regions=table(regions.HEAD, regions.rows()),
        dumping=table(dumping.HEAD, dumping.rows()),
        replay=table(replay.HEAD, replay.rows()),
        guests=table(guests.HEAD, guests.rows()),
        agent=table(agent.HEAD, agent.rows()),
        peers=table(peers.HEAD, peers.rows()),
        layers=table(layers.HEAD, layers.rows()),
        worst=table(worst.HEAD, worst.rows()),
    )
    (ROOT / "docs/performance.md").write_text(page, "utf-8")
    print(page)


if __name__ == "__main__":
    main()
