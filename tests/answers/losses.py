"""Lose readings of every recorded machine and list the answers that turn.

``python -m answers.losses [--pairs N] [--seed N] [MACHINE…]`` (``make losses``): first every
single loss, then N pairs at random of those whose single loss changed an answer, and N of all.
Exit code 1 if an answer turned.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

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


def main() -> int:
    """Run, and print the counts."""
    parser = argparse.ArgumentParser(prog="losses", description=__doc__)
    parser.add_argument("machines", nargs="*", default=NAMES)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
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
