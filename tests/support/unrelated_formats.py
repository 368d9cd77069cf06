"""Format strings of kernel files that have nothing to do with an IOMMU: none is to be recognised.

``unrelated_files.txt`` names the files.  They are in every release of Linux from 5.10 to 7.2.
``python -m support.unrelated_formats TREE`` in tests/ prints how many of their strings are
recognised, and which.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from dmaragent.messages import recogniser
from dmaragent.messages.recognise import MOST_JOINED, Recogniser

FILES = Path(__file__).with_name("unrelated_files.txt")
_CALL = re.compile(
    r"\b(?:pr_[a-z_]+|dev_[a-z_]+|netdev_[a-z_]+|pci_[a-z_]+|drm_[a-z_]+|DRM_[A-Z_]+|"
    r"[a-z0-9_]*printk[a-z_]*|WARN[A-Z_]*|panic|sd_printk|shost_printk|ata_[a-z_]+|"
    r"[a-z0-9]+_(?:err|warn|info|notice|msg|error|warning)|[A-Za-z_]*(?:ERR|WARN|INFO|MSG)[A-Z_]*)"
    r"\s*\((?P<arguments>[^;]{0,600})"
)
_STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
_PIECE = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_VALUE = re.compile(r"%[-#+ 0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t|L)?([a-zA-Z%])")
_PLAIN = {"s": "word", "p": "00000000a1b2c3d4", "c": "A", "x": "1f", "X": "1F", "%": "%"}
_NEAR = {**_PLAIN, "s": "0000:0a:00.0", "p": "0000:0a:00.0", "x": "7dffd000", "X": "7DFFD000"}


def formats(source: str) -> Iterator[str]:
    """Yield the format strings of the printing calls in a C `source`, in one line each."""
    for call in _CALL.finditer(source):
        found = _STRINGS.search(call["arguments"])
        if found is None:
            continue
        text = "".join(_PIECE.findall(found[0]))
        text = re.sub(r"\\(.)", lambda one: " " if one[1] in "nrt" else one[1], text).strip()
        if re.search(r"[A-Za-z]{3}", text):
            yield text


def rendered(text: str, values: dict[str, str]) -> str:
    """Return `text` with its conversions replaced."""
    return _VALUE.sub(lambda one: values.get(one[1], "5"), text)


def read(tree: Path) -> list[str]:
    """Return the different format strings of the files in `tree`.

    Raises:
        FileNotFoundError: `tree` does not have one of the files.

    """
    found: dict[str, None] = {}
    for name in FILES.read_text(encoding="ascii").split():
        source = (tree / name).read_text(encoding="utf-8", errors="replace")
        found.update(dict.fromkeys(formats(source)))
    return list(found)


def recognised(texts: list[str]) -> list[tuple[str, str]]:
    """Return the lines among `texts` that are recognised, each with the message's id.

    Each is tried with ordinary values and with a device and addresses, alone and behind a device,
    in texts that are short enough to be searched for messages that were split or cut.
    """
    finder = recogniser()
    lines = [
        f"{before}{rendered(text, values)}"
        for text in texts
        for values, before in ((_PLAIN, ""), (_NEAR, "[    1.000000] pci 0000:0a:00.0: "))
    ]
    return [hit for batch in _batches(lines) for hit in _hits(finder, batch)]


def _batches(lines: list[str]) -> Iterator[str]:
    batch: list[str] = []
    size = 0
    for line in lines:
        if batch and size + len(line) >= MOST_JOINED // 2:
            yield "\n".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line) + 1
    yield "\n".join(batch)


def _hits(finder: Recogniser, text: str) -> Iterator[tuple[str, str]]:
    for seen in finder.occurrences(text):
        yield seen.text, seen.message.id


def main() -> int:
    """Print the figure for the tree that the command line names; return 1 if any is recognised."""
    texts = read(Path(sys.argv[1]))
    hits = recognised(texts)
    sys.stdout.write(f"{len(hits)} of {len(texts)} unrelated format strings are recognised\n")
    for line, message in hits:
        sys.stdout.write(f"  {message}: {line}\n")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
