"""The files that the agent publishes: whole at every moment, for everybody to read."""

import os
from contextlib import suppress
from dataclasses import dataclass

from dmaragent.agent.metrics import metrics_text
from dmaragent.agent.model import Published
from dmaragent.collect.writing import PREFIX, write_new
from dmaragent.places import INVENTORY, INVENTORY_TEXT, METRICS, RUNTIME
from dmaragent.present.inventory_text import inventory_text


@dataclass(kw_only=True)
class Publisher:
    """Writes what is published below `runtime`."""

    runtime: str = RUNTIME
    textfile: str | None = None
    """A directory of node_exporter's textfile collector, which gets the metrics too."""

    def tidy(self) -> None:
        """Remove what an agent left that was killed while it wrote."""
        for name in os.listdir(self.runtime):
            if name.startswith(PREFIX):
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.runtime, name))

    def publish(self, published: Published, *, new: bool) -> None:
        """Write the files; those that hold the answer where it is `new`.

        Raises:
            DmaragentError: one cannot be written.

        """
        if new:
            text = "".join(f"{line}\n" for line in inventory_text(published.inventory))
            self._write(self.runtime, INVENTORY_TEXT, text.encode("utf-8", "backslashreplace"))
            self._write(self.runtime, INVENTORY, published.document)
        metrics = metrics_text(published, memory=memory()).encode("utf-8")
        for folder in filter(None, (self.runtime, self.textfile)):
            self._write(folder, METRICS, metrics)

    def _write(self, folder: str, name: str, data: bytes) -> None:
        write_new(os.path.join(folder, name), data, force=True, private=False)


def memory() -> int:
    """Give the bytes that this process has resident."""
    import psutil  # noqa: PLC0415 - slow, and the agent's alone

    size: int = psutil.Process().memory_info().rss
    return size
