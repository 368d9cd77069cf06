"""schemathesis against the local API of the agent over a recorded machine.

In tests/: ``python -m support.api_fuzz --examples 200``.  schemathesis speaks HTTP over TCP only, so
a relay on the loopback carries its connections to the agent's socket.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.agent_process import running_agent
from support.machines import MACHINES

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "docs/openapi.json"
CONFIG = Path(__file__).with_name("schemathesis.toml")
MACHINE = MACHINES / "lenovo-laptop"


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send what `reader` gets to `writer`, and its end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _relay(path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, back = await asyncio.open_unix_connection(str(path))
    sending = asyncio.create_task(_carry(reader, back))
    await _carry(there, writer)
    sending.cancel()
    for each in (writer, back):
        each.close()


@contextmanager
def relayed(path: Path) -> Iterator[str]:
    """Serve the socket at `path` on the loopback; give its URL."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(lambda reader, writer: _relay(path, reader, writer), "127.0.0.1", 0)
    )
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def fuzz(examples: int, seed: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with so many examples an operation; `folder` is for the agent's files."""
    with running_agent(folder, MACHINE) as agent, relayed(agent.api) as url:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", str(OPENAPI), "--url", url, "--seed", str(seed)),
            *("--max-examples", str(examples), "--request-timeout", "120"),
        ]
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = fuzz(given.examples, given.seed, Path(folder))
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
