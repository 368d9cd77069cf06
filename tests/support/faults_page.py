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

The command was `python -m support.agent_hostile --seconds 3600 --seed 20261129 --rest 6 --every 0.15 --pause 0.3`,
in tests/, on a busy machine with two processors (load 4 to 27). Twelve processes of
another user were hostile clients of eleven kinds, about two new ones per second. One well-behaved client of root
requested all paths in turn. After every 50 requests, it sent a guest and made the service read the host again.
The second run had `--seconds 1450 --seed 20261130 --every 0.07` (load 4 to 21). Between the two runs, the rules for
disconnecting clients were simplified.

| | an hour | 25 minutes |
|---|---|---|
| hostile clients | 6,531; 568 to 622 of each kind, such as floods of 100 connections, bodies of 1 MiB, heavy guests | 2,755; 225 to 273 of each kind |
| requests of the well-behaved client | 24,196, and 483 guests | 21,237, and 424 guests |
| of these, not answered with 200 | 2 | none |
| median, 99th percentile of the GET requests | 3 ms, 289 ms | 1.4 ms, 95 ms |
| resident memory of the service at the start, in minute 5, at the end | 34.6, 35.9, 37.8 MiB | 33.7, 36.2, 37.1 MiB |
| its growth | 3.2 MiB; 0.1 in the last half hour | 3.3 MiB; 0.1 in the last 15 minutes |
| largest resident memory of its workers | 32.6 MiB | 32.7 MiB |
| restarts, warnings in the log, leftover processes | none, none, none | none, none, none |
| from SIGTERM to the end, with hostile clients | 2.5 s | 0.2 s |
"""


def page() -> str:
    """Return the page."""
    running = _rows({what: line for what, (_, line) in FAULTS.items()})
    return HEAD + running + _REST + _rows(SAID) + _CLIENTS


def _rows(lines: dict[str, str]) -> str:
    return "".join(f"| {what} | `{line.strip()}` |\n" for what, line in lines.items())


if __name__ == "__main__":
    sys.stdout.write(page())
