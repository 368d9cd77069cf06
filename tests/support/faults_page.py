"""The page docs/faults.md, written from the faults that are tested (``make docs``)."""

import sys

from support.faults import FAULTS, SAID

HEAD = """\
# What fails, and the line that says so

Each of these is brought about in `tests/dmaragent/test_faults.py`, on a recorded machine whose
files are broken before or while they are read; the line is what that test looks for. A reading
that fails is told and the rest is answered; what nobody can answer without is an error, exit
code 2, with a next step. Written by `make docs`.

Besides, that test has every reading of a Xen host fail in turn, once as a failure and once as
one denied: each is told in the answer's problems. (Not so a kernel log that only root may read:
`dmaragent check` and `why`, which want it, say that they lack it.)

| on a running machine | line of `dmaragent inventory` |
|---|---|
"""
_REST = """
| elsewhere | line, or its beginning |
|---|---|
"""


def page() -> str:
    """Give the page."""
    return HEAD + _rows({what: line for what, (_, line) in FAULTS.items()}) + _REST + _rows(SAID)


def _rows(lines: dict[str, str]) -> str:
    return "".join(f"| {what} | `{line.strip()}` |\n" for what, line in lines.items())


if __name__ == "__main__":
    sys.stdout.write(page())
