"""The page docs/faults.md, written from the faults that are tested (``make docs``)."""

import sys

from support.faults import FAULTS, SAID

HEAD = """\
# Failures and their messages

`tests/dmaragent/test_faults.py` causes each of these failures on a recorded machine whose
files are damaged before or while they are read. The second column is the line that the test expects. If a reading
fails, the answer reports it and contains the rest. If no answer is possible without the reading, the result is an error with exit
code 2 and a next step. `make docs` generates this page.

The test also makes every reading of a Xen host fail in turn, once with an error and once with permission
denied: the answer reports each under its problems. The exception is a kernel log that only root can read:
only `dmaragent check` and `why`, which use it, report that it is missing.

| on a running machine | line of `dmaragent inventory` |
|---|---|
"""
_REST = """
| elsewhere | line, or its beginning |
|---|---|
"""
_CLIENTS = """
## Clients of the agent's local API

`tests/dmaragent/test_agent_*.py` causes these. [api.md](api.md) lists every limit.

| a client, or an event | the client gets |
|---|---|
| sends nothing, or sends too slowly | 408 after 5 s, or earlier if other clients need the connection |
| sends something other than HTTP | 400, 431, 501 or 505 |
| does not read the response | disconnected after 10 s |
| connects when there is no room | served; the client that the agent has waited for longest is disconnected |
| sends one guest more than can wait | 503 with `Retry-After`, complete |
| sends a guest with 20,000 devices | 422, before anything is resolved |
| sends a guest that takes too long, or too much memory | 503; the worker is killed |
| disconnects while its guest is resolved | the worker is killed |
| a worker fails | 500; the journal has the traceback |
| a worker is killed, for example by the kernel when memory runs out | 503; the service continues |
| a worker cannot be started | 503 with `Retry-After` |
| clients cannot be accepted (`EMFILE`, `ENFILE`) | waits; the journal reports it once |
| the service stops while guests are resolved | disconnected at once |

### Long runs

On 2026-12-01, `python -m support.agent_hostile --seconds 3600 --seed 20261201 --rest 6 --every 0.15 --pause 0.3`,
in tests/, on a machine with two processors and a load of 5 to 8. Tests with a higher priority ran beside it most of the
time, so the service often waited for a processor. Twelve processes of another user were hostile clients of eleven
kinds, about two new ones per second. One well-behaved client of root requested all paths in turn. After every 50
requests, it sent a guest and made the service read the host again.

| | |
|---|---|
| hostile clients | 6,397; 530 to 613 of each kind, such as floods of 100 connections, bodies of 1 MiB, heavy guests |
| requests of the well-behaved client | 24,103, and 482 guests |
| of these, not answered with 200 | 16 |
| median, 99th percentile of the GET requests | 5 ms, 540 ms |
| resident memory of the service at the start, in minute 5, at the end | 38.1, 39.7, 40.9 MiB |
| its growth | 2.8 MiB; 0.3 in the last half hour |
| largest resident memory of its workers | 36.9 MiB |
| restarts, warnings in the log, leftover processes | none, none, none |
| from SIGTERM to the end, with hostile clients | 0.03 s |
"""


def page() -> str:
    """Return the page."""
    running = _rows({what: line for what, (_, line) in FAULTS.items()})
    return HEAD + running + _REST + _rows(SAID) + _CLIENTS


def _rows(lines: dict[str, str]) -> str:
    return "".join(f"| {what} | `{line.strip()}` |\n" for what, line in lines.items())


if __name__ == "__main__":
    sys.stdout.write(page())
