"""The files that the agent publishes: complete at every moment, readable by all."""

import os
from contextlib import suppress
from dataclasses import dataclass

from dmaragent.agent.metrics import metrics_text
from dmaragent.agent.published import Published
from dmaragent.collect.writing import PREFIX, write_new
from dmaragent.errors import DmaragentError
from dmaragent.present.escaping import text_of
from dmaragent.present.screen import PLAIN, printed_on
from dmaragent.present.text.inventory import inventory_text
from dmaragent.service_paths import INVENTORY, INVENTORY_TEXT, METRICS, RUNTIME


@dataclass(kw_only=True)
class Publisher:
    """Writes the published files below `runtime`."""

    runtime: str = RUNTIME
    textfile: str | None = None
    """A directory of node_exporter's textfile collector, which gets the metrics too."""

    def tidy(self) -> None:
        """Remove the temporary files of an agent that was killed while it wrote."""
        _tidy(self.runtime)
        if self.textfile is not None:
            with suppress(OSError):  # publishing there reports the error
                _tidy(self.textfile)

    def withdraw(self) -> None:
        """Remove the published files: they may no longer be true."""
        places = [(self.runtime, name) for name in (INVENTORY, INVENTORY_TEXT, METRICS)]
        if self.textfile is not None:
            places.append((self.textfile, METRICS))
        for folder, name in places:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))

    def publish(self, published: Published, *, new: bool) -> str:
        """Write the files; those with the answer only if it is `new`.

        Return why the metrics could not be written to `textfile`, or an empty text. If the
        directory of another program is full or missing, the rest is published.

        Raises:
            DmaragentError: a file cannot be written below `runtime`.

        """
        if new:
            with printed_on(PLAIN):
                text = text_of(inventory_text(published.inventory))
            self._write(self.runtime, INVENTORY_TEXT, text.encode("utf-8", "backslashreplace"))
            self._write(self.runtime, INVENTORY, published.document)
        metrics = metrics_text(published).encode("utf-8")
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


def memory() -> int | None:
    """Return the resident memory of this process in bytes; None: unknown, as without a free descriptor."""
    import psutil  # noqa: PLC0415 - 11 ms, which the capture saves

    try:
        size: int = psutil.Process().memory_info().rss
    except (OSError, psutil.Error):
        return None
    return size
