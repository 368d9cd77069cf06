"""The local API over one recorded machine in a process of its own, which tells its memory.

Called with a socket's path and the machine's; a line on standard input has it print its
resident bytes, the end of it ends the process.
"""

from dmaragent.agent import lean

lean.import_asyncio()

import asyncio  # noqa: E402 - as the service, which imports it without TLS
import socket  # noqa: E402 - likewise
import sys  # noqa: E402 - likewise

import psutil  # noqa: E402 - likewise

from dmaragent.agent.http import Server  # noqa: E402 - likewise
from dmaragent.agent.routes import Facts  # noqa: E402 - likewise
from support.published import publish_host  # noqa: E402 - likewise


def _tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def serve(path: str, machine: str) -> None:
    """Serve until standard input ends."""
    process = psutil.Process()
    now = publish_host(machine)
    server = Server(lambda: (now, Facts(memory=process.memory_info().rss)))
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    await server.start(listening)
    _tell("ready")
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        _tell(process.memory_info().rss)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
