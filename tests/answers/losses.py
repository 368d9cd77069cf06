"""Lose readings of every recorded machine and list the answers that turn.

``python -m answers.losses [--pairs N] [--many N] [--seed N] [MACHINE…]`` (``make losses``): first
every single loss, then N pairs at random of those whose single loss changed an answer, and N of
all.  ``--many`` tries N large sets instead, and reduces each that turns an answer.  Exit code 1 if
an answer turned.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dmaragent.collect.ledger import HostRequest
from support.losses import Losing, Loss, kinds_made_unknown, turned
from support.machines import MACHINES, NAMES


@dataclass
class Tally:
    """What a run has counted."""

    tried: int = 0
    alike: int = 0
    """Losses after which the host is as before, so that no answer was asked for."""
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By the ledger's path: which kinds of answers became unknown."""
    turns: int = 0


def tried(losing: Losing, losses: tuple[Loss, ...], tally: Tally) -> bool:
    """Try `losses` together; print what turned, and return whether any answer changed."""
    tally.tried += 1
    after = losing.verdicts(*losses)
    if after is None:
        tally.alike += 1
        return False
    for kind in kinds_made_unknown(losing.before, after):
        for loss in losses:
            tally.unknown[loss.entry, kind] += len(losses) == 1
    turns = turned(losing.before, after)
    if turns:
        tally.turns += 1
        named = " + ".join(map(str, losses))
        name, (before, now) = next(iter(turns.items()))
        print(f"  {named}\n    {name}: {before} -> {now} (and {len(turns) - 1} more)", flush=True)
    return after != losing.before


def run(names: Iterable[str], pairs: int, seed: int) -> Tally:
    """Run over the machines `names` and print what turns."""
    chance, tally = random.Random(seed), Tally()  # noqa: S311 - losses are to be the same each time
    for name in names:
        losing = Losing(MACHINES / name)
        every = losing.losses()
        mattering = [loss for loss in every if tried(losing, (loss,), tally)]
        print(f"{name}: {len(every)} losses, {len(mattering)} change an answer", flush=True)
        for pool in (mattering, every):
            for _ in range(pairs if len(pool) > 1 else 0):
                one, other = chance.sample(pool, 2)
                if one.request != other.request:
                    tried(losing, (one, other), tally)
    return tally


def large_set(every: Iterable[Loss], chance: random.Random) -> tuple[Loss, ...]:
    """Return losses of whole kinds of readings, and of single ones, at most one of each reading."""
    by_kind: dict[tuple[str, str], list[Loss]] = {}
    by_reading: dict[HostRequest, list[Loss]] = {}
    for loss in every:
        by_kind.setdefault((loss.entry, loss.kind), []).append(loss)
        by_reading.setdefault(loss.request, []).append(loss)
    lost: dict[HostRequest, Loss] = {}
    of_kinds, of_readings = chance.choice((0.0, 0.02, 0.1)), chance.choice((0.0, 0.02, 0.2, 0.6))
    for alike in by_kind.values():
        if chance.random() < of_kinds:
            lost |= {loss.request: loss for loss in alike}
    for request, losses in by_reading.items():
        if chance.random() < of_readings:
            lost[request] = chance.choice(losses)
    return tuple(lost.values())


def reduced(losing: Losing, losses: tuple[Loss, ...]) -> tuple[Loss, ...]:
    """Return a part of the `losses`, which turn an answer, that also turns one."""

    def turns(part: tuple[Loss, ...]) -> bool:
        after = losing.verdicts(*part) if part else None
        return after is not None and bool(turned(losing.before, after))

    step = len(losses) // 2
    while step:
        at = 0
        while at < len(losses):
            rest = losses[:at] + losses[at + step :]
            losses, at = (rest, at) if turns(rest) else (losses, at + step)
        step //= 2
    return losses


def run_many(names: Iterable[str], many: int, seed: int) -> Tally:
    """Try `many` large sets on each of the machines `names` and print what turns."""
    chance, tally = random.Random(seed), Tally()  # noqa: S311 - losses are to be the same each time
    for name in names:
        losing = Losing(MACHINES / name)
        every = losing.losses()
        print(name, flush=True)
        for _ in range(many):
            losses = large_set(every, chance)
            tally.tried += 1
            after = losing.verdicts(*losses)
            tally.alike += after is None
            if after is not None and turned(losing.before, after):
                tally.tried -= 1
                tried(losing, reduced(losing, losses), tally)
    return tally


def main() -> int:
    """Run, and print the counts."""
    parser = argparse.ArgumentParser(prog="losses", description=__doc__)
    parser.add_argument("machines", nargs="*", default=NAMES)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.many:
        tally = run_many(options.machines, options.many, options.seed)
    else:
        tally = run(options.machines, options.pairs, options.seed)
    for (entry, kind), count in sorted(tally.unknown.items()):
        if count:
            print(f"  {entry}: {kind} {count}")
    print(
        f"{tally.tried} tried, {tally.alike} of them left the host as it was, {tally.turns} turned"
    )
    return 1 if tally.turns else 0


if __name__ == "__main__":
    sys.exit(main())
