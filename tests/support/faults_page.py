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

### Long runs

`python -m support.agent_hostile --seconds 3600 --seed 20261129 --rest 6 --every 0.15 --pause 0.3`, in
tests/, on a machine of two processors that had much other work (load 4 to 27). Twelve processes of
another user were hostile clients of eleven kinds at once, about two a second. One client of root asked
for all that is read, in turn; after every 50 requests it had a guest resolved and the host read again.
The second run (`--seconds 1450 --seed 20261130 --every 0.07`, load 4 to 21) is of the service as it is
now; the first one was made before its rules for who is served were simplified.

| | an hour | 25 minutes |
|---|---|---|
| hostile clients | 6,531; 568 to 622 of each kind, such as floods of 100 connections, bodies of 1 MiB, heavy guests | 2,755; 225 to 273 of each kind |
| requests of the one that means well | 24,196, and 483 guests | 21,237, and 424 guests |
| of these, not answered with 200 | 2 | none |
| median, 99th percentile of the reads | 3 ms, 289 ms | 1.4 ms, 95 ms |
| resident memory of the service at the start, in minute 5, at the end | 34.6, 35.9, 37.8 MiB | 33.7, 36.2, 37.1 MiB |
| its growth | 3.2 MiB; 0.1 in the last half hour | 3.3 MiB; 0.1 in the last 15 minutes |
| the most that its workers had resident | 32.6 MiB | 32.7 MiB |
| restarts, warnings in the log, processes left | none, none, none | none, none, none |
| from SIGTERM to the end, hostile clients connected | 2.5 s | 0.2 s |
"""


def page() -> str:
    """Give the page."""
    running = _rows({what: line for what, (_, line) in FAULTS.items()})
    return HEAD + running + _REST + _rows(SAID) + _CLIENTS


def _rows(lines: dict[str, str]) -> str:
    return "".join(f"| {what} | `{line.strip()}` |\n" for what, line in lines.items())


if __name__ == "__main__":
    sys.stdout.write(page())
