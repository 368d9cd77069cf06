"""Extract the format strings and write them with their messages: ``python -m recall``."""

import sys
from collections import Counter
from pathlib import Path

from recall.facts import PATH, written
from recall.measure import facts, reason


def main() -> int:
    """Write the facts; print the share that is recognised, and what is not."""
    if len(sys.argv) != 3:
        print("usage: python -m recall XEN-GIT-DIRECTORY FOLDER-OF-fetch.sh", file=sys.stderr)
        return 2
    found = facts(Path(sys.argv[1]), Path(sys.argv[2]))
    PATH.write_text(written(found), "utf-8")
    total = Counter(one.program for one in found)
    known = Counter(one.program for one in found if one.message)
    for one in found:
        if not one.message:
            print(f"{one.program} {one.releases} {one.file} {one.function}: {one.text}")
            print(f"    {reason(one.text) or '(no reason)'}")
    for program, count in total.items():
        print(f"{program}: {known[program]} of {count}")
    print(f"all: {sum(known.values())} of {len(found)}")
    return 0 if all(one.message or reason(one.text) for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
