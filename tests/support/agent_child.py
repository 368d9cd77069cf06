"""The service over one recorded machine, in a process of its own: ``agent_child.py RUNTIME MACHINE``.

systemd's part is played by ``agent_process.py``; no event ever comes.
"""

import asyncio
import gc
import os
import sys

from dmaragent.agent.journal import Journal
from dmaragent.agent.notify import Notifier, passed_sockets
from dmaragent.agent.publish import Publisher
from dmaragent.agent.service import Service
from dmaragent.collect.open_host import open_host
from support.agents import FakeWatch


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
