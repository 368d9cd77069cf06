"""The pictures of README, made from the program's output: ``make pictures`` writes them.

Each picture has the SHA-256 of its page as text in the PNG.  So a test without a browser can
check whether the picture still shows the program's output.
"""

import contextlib
import io
import os
import shlex
import struct
import tempfile
import zlib
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path

from dmaragent.cli import UNANSWERED, main
from support.browser import Browser, chromium
from support.machines import MACHINES
from support.reports import RELAXED

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST = 200 << 10
"""Maximum bytes of a picture: a clone and a page of README should stay small."""
_KEY = b"dmaragent-page-sha256\0"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BELOW = '<section id="unknown"'
"""The beginning of the part of a report that the picture does not show."""
_CONFIG = 'name = "win10"\ntype = "hvm"\nmemory = 4096\npci = [ "00:14.0" ]\n'
_RESOLVE = ("resolve", "win10.cfg", "--host", "lenovo-laptop", "--xen", "4.17")
_TERMINAL = """\
<!DOCTYPE html>
<meta charset="utf-8">
<style>
body {{ margin: 0; background: #1d2025; }}
pre {{ margin: 0; padding: 14px 18px; width: max-content; color: #d6dae0;
       font: 14px/1.35 "DejaVu Sans Mono", "Liberation Mono", monospace; }}
b {{ color: #8fd18f; }}
</style>
<pre><b>$ {command}</b>
{output}</pre>
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its name, its page, and the part of the page that it shows."""

    name: str
    page: str
    width: int
    height: int | None
    """In pixels from the top; None for the whole text of the page, as in a terminal."""
    scale: float = 1

    @property
    def digest(self) -> str:
        """The SHA-256 of the page in hexadecimal; for a report, of the part that is shown."""
        seen = self.page.partition(_BELOW)[0] if self.height else self.page
        return sha256(seen.encode()).hexdigest()


def pictures() -> tuple[Picture, ...]:
    """Return the pictures of README for the program's output now."""
    with tempfile.TemporaryDirectory(prefix="dmaragent-") as folder, contextlib.chdir(folder):
        for name in ("lenovo-laptop", "hp-dl380e-gen8"):
            Path(name).symlink_to(MACHINES / name)
        Path("win10.cfg").write_text(_CONFIG, "utf-8")
        Path("guest.cfg").write_text(RELAXED, "utf-8")
        resolved = _output(*_RESOLVE)
        report = _output("report", "--host", "hp-dl380e-gen8", "--guest", "guest.cfg")
    shown = _TERMINAL.format(command=shlex.join(("dmaragent", *_RESOLVE)), output=escape(resolved))
    return (Picture("resolve", shown, 800, None), Picture("report", report, 1280, 1400, 0.7))


def _output(*arguments: str) -> str:
    held = io.BytesIO()
    out = io.TextIOWrapper(held, "utf-8")
    with contextlib.redirect_stdout(out):
        code = main(arguments)
    if code == UNANSWERED:
        raise SystemExit(f"dmaragent {arguments[0]} did not answer")
    out.flush()
    return held.getvalue().decode()


def digest_in(png: bytes) -> str:
    """Return the SHA-256 of the page of the picture `png`; empty without one."""
    for kind, data in _chunks(png):
        if kind == b"tEXt" and data.startswith(_KEY):
            return data.removeprefix(_KEY).decode("ascii")
    return ""


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Read the chunks of a PNG: length, kind, data and checksum (PNG 1.2, 3.2)."""
    found, at = [], len(_SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        found.append((kind, png[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def with_digest(png: bytes, digest: str) -> bytes:
    """Return `png` with `digest` before its last chunk, which ends it."""
    body = b"tEXt" + _KEY + digest.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:-12] + chunk + png[-12:]


def take(browser: Browser, picture: Picture) -> bytes:
    """Take `picture` with `browser`."""
    with tempfile.TemporaryDirectory(prefix="dmaragent-") as folder:
        path = Path(folder) / "page.html"
        path.write_text(picture.page, "utf-8")
        browser.show(path, width=picture.width)
        box = browser.run(
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [box.width, box.height]",
            "body" if picture.height else "pre",
        )
        width, height = (picture.width, picture.height) if picture.height else box
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": picture.scale}
        shot = browser.cdp("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    return with_digest(b64decode(shot["data"]), picture.digest)


def write() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        for picture in pictures():
            (FOLDER / f"{picture.name}.png").write_bytes(take(browser, picture))


if __name__ == "__main__":
    os.umask(0o022)
    write()
