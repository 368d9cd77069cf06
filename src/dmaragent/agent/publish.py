"""The files that the agent publishes: whole at every moment, for everybody to read."""

import os
from contextlib import suppress
from dataclasses import dataclass

from dmaragent.agent.metrics import metrics_text
from dmaragent.agent.published import Published
from dmaragent.collect.writing import PREFIX, write_new
from dmaragent.errors import DmaragentError
from dmaragent.present.screen import PLAIN, printed_on
from dmaragent.present.text.inventory import inventory_text
from dmaragent.service_paths import INVENTORY, INVENTORY_TEXT, METRICS, RUNTIME


@dataclass(kw_only=True)
class Publisher:
    """Writes what is published below `runtime`."""

    runtime: str = RUNTIME
    textfile: str | None = None
    """A directory of node_exporter's textfile collector, which gets the metrics too."""

    def tidy(self) -> None:
        """Remove what an agent left that was killed while it wrote."""
        _tidy(self.runtime)
        if self.textfile is not None:
            with suppress(OSError):  # to publish there says what is wrong with it
                _tidy(self.textfile)

    def withdraw(self) -> None:
        """Take back what is published: nobody can vouch for it any more."""
        places = [(self.runtime, name) for name in (INVENTORY, INVENTORY_TEXT, METRICS)]
        if self.textfile is not None:
            places.append((self.textfile, METRICS))
        for folder, name in places:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))

    def publish(self, published: Published, *, new: bool) -> str:
        """Write the files; those that hold the answer where it is `new`.

        Give why the metrics could not be written to `textfile`, or an empty text: another
        program's directory that is full or gone is no reason to publish nothing.

        Raises:
            DmaragentError: one cannot be written below `runtime`.

        """
        if new:
            with printed_on(PLAIN):
                text = "".join(f"{line}\n" for line in inventory_text(published.inventory))
            self._write(self.runtime, INVENTORY_TEXT, text.encode("utf-8", "backslashreplace"))
            self._write(self.runtime, INVENTORY, published.document)
        metrics = metrics_text(published, memory=memory()).encode("utf-8")
        self._write(self.runtime, METRICS, metrics)
        try:
            if self.textfile is not None:
                self._write(self.textfile, METRICS, metrics)
        except DmaragentError as error:
            return error.message
        return ""

    def _write(self, folder: str, name: str, data: bytes) -> None:
        write_new(os.path.join(folder, name), data, force=True, private=False)


def _tidy(folder: str) -> None:
    for name in os.listdir(folder):
        if name.startswith(PREFIX):
            with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                os.unlink(os.path.join(folder, name))


def memory() -> int:
    """Give the bytes that this process has resident."""
    import psutil  # noqa: PLC0415 - 11 ms, which the capture does without

    size: int = psutil.Process().memory_info().rss
    return size
