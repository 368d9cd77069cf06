"""Build an agent from systemd's environment and the command line, and run it."""

import asyncio
import gc
import os

from dmaragent.agent import words
from dmaragent.agent.journal import Journal
from dmaragent.agent.notify import Notifier, passed_sockets, watchdog_seconds
from dmaragent.agent.publish import Publisher
from dmaragent.agent.service import Service
from dmaragent.agent.watch import UdevWatch
from dmaragent.collect.open_host import open_this_machine
from dmaragent.errors import DmaragentError


def main(runtime: str, capture: str, textfile: str | None) -> None:
    """Publish below `runtime` until a signal ends it.

    If it cannot begin, it removes what an agent published that was killed: it would become outdated.

    Raises:
        DmaragentError: the kernel's events cannot be received, or nothing can be written.

    """
    publisher = Publisher(runtime=runtime, textfile=textfile)
    try:
        publisher.tidy()
    except OSError as error:
        publisher.withdraw()
        why = os.strerror(error.errno or 0)
        hint = words.other_runtime()
        raise DmaragentError(words.runtime_unusable(runtime, why), hint) from error
    gc.enable()  # cli.main disabled it for short commands; the service runs for long
    asyncio.run(_serve(publisher, capture))
    gc.freeze()  # at exit, Python would examine every object several times: 0.1 s


async def _serve(publisher: Publisher, capture: str) -> None:
    sockets = passed_sockets(os.environ, os.getpid())
    try:
        watch = UdevWatch()
    except DmaragentError:
        publisher.withdraw()
        raise
    service = Service(
        open_host=lambda: open_this_machine(capture),
        watch=watch,
        publisher=publisher,
        notifier=Notifier(os.environ),
        journal=Journal(os.environ),
        listening=sockets[0] if sockets else None,
        watchdog=watchdog_seconds(os.environ, os.getpid()),
    )
    await service.run()
