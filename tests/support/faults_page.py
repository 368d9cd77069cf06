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
_CLIENTS = """
## Clients of the agent's local API

`tests/dmaragent/test_agent_*.py` brings these about. [api.md](api.md) lists every limit.

| a client, or what happens | the client gets |
|---|---|
| sends nothing, or too slowly | 408 after 5 s, or sooner if others need the connection |
| sends no HTTP | 400, 431, 501 or 505 |
| does not read the response | disconnected after 10 s |
| connects when there is no room | served; the client waited for longest is disconnected |
| asks about one guest more than may wait | 503 with `Retry-After`, whole |
| asks about a guest of 20,000 devices | 422, before anything is resolved |
| asks about a guest that takes too long, or too much memory | 503; the worker is killed |
| disconnects while its guest is resolved | the worker is killed |
| a worker fails | 500; the journal has the traceback |
| a worker is killed, by the kernel for want of memory for example | 503; the service continues |
| no worker can be started | 503 with `Retry-After` |
| no client can be accepted (`EMFILE`, `ENFILE`) | waits; the journal says so once |
| the service stops while guests are resolved | disconnected at once |

### A long run

`python -m support.agent_hostile --seconds 1080 --seed 7 --pause 0.3`, in tests/, on a machine of two
processors that was busy otherwise (load 10 to 13). Twelve processes of another user
did what the table below says; one client of root asked for a device in turn, and after every 50
requests the host was read again.

| | |
|---|---|
| time | 18 minutes |
| hostile clients | 8,955: about 1,000 each of nine kinds, among them 1,001 floods of 100 connections, 1,006 guests of every size and 1,026 that disconnected while theirs was resolved |
| requests of the one that means well | 53,622, all answered; median 4 ms, 99th percentile 67 ms |
| resident memory of the service | 33.0 MiB before, 37.8 at the most, 37.8 after |
| restarts, lines in the log, processes left | none, none, none |
"""


def page() -> str:
    """Give the page."""
    running = _rows({what: line for what, (_, line) in FAULTS.items()})
    return HEAD + running + _REST + _rows(SAID) + _CLIENTS


def _rows(lines: dict[str, str]) -> str:
    return "".join(f"| {what} | `{line.strip()}` |\n" for what, line in lines.items())


if __name__ == "__main__":
    sys.stdout.write(page())
