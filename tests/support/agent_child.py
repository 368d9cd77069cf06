"""The service over one recorded machine, in a process of its own: ``agent_child.py RUNTIME MACHINE``.

systemd's part is played by ``agent_process.py``; no event ever comes.
"""

from dmaragent.agent import lean

lean.import_asyncio()

import asyncio  # noqa: E402 - as the service, which imports it without TLS
import gc  # noqa: E402 - likewise
import os  # noqa: E402 - likewise
import sys  # noqa: E402 - likewise

from dmaragent.agent.journal import Journal  # noqa: E402 - likewise
from dmaragent.agent.notify import Notifier, passed_sockets  # noqa: E402 - likewise
from dmaragent.agent.publish import Publisher  # noqa: E402 - likewise
from dmaragent.agent.service import Service  # noqa: E402 - likewise
from dmaragent.collect.opening import open_host  # noqa: E402 - likewise
from support.agents import FakeWatch  # noqa: E402 - likewise


async def serve(runtime: str, machine: str) -> None:
    """Serve until a signal."""
    watch = FakeWatch()
    service = Service(
        open_host=lambda: open_host(machine).reader,
        watch=watch,
        publisher=Publisher(runtime=runtime),
        notifier=Notifier(os.environ),
        journal=Journal({}),
        listening=passed_sockets(os.environ, os.getpid())[0],
    )
    await service.run()
    watch.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
    gc.freeze()  # as the service
