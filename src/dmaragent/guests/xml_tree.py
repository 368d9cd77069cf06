"""XML documents as trees of elements with line numbers; DTDs and entities are refused.

Entities can be declared in a DTD only, so refusing the DTD refuses both the expansion of
entities and every reference to another file.  Size, depth and number of elements are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_BYTES = 16 << 20
MOST_ELEMENTS = 200_000
MOST_DOCUMENTS = 1000
DEEPEST = 64
_BLANK = b" \t\r\n"


class XmlError(ValueError):
    """The text is refused; `line` is the last line that was read."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


@dataclass(slots=True)
class Element:
    """One element; a name in a namespace is ``URI NAME``."""

    name: str
    line: int
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def all(self, *path: str) -> Iterator["Element"]:
        """Yield the elements at `path` below this one, in document order."""
        for child in self.children:
            if child.name == path[0]:
                if len(path) == 1:
                    yield child
                else:
                    yield from child.all(*path[1:])

    def first(self, *path: str) -> "Element | None":
        """Return the first element at `path`, or None."""
        return next(self.all(*path), None)

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute, or `default`."""
        return self.attributes.get(name, default)


class _RootEnd(Exception):  # noqa: N818 - not an error: it stops the parser
    """The root element is complete."""


def read_documents(text: str) -> Iterator[Element]:
    """Yield the root of each document of `text`; several may follow each other.

    Raises:
        XmlError: the text is not well-formed, has a DTD, or exceeds a bound.

    """
    data = _to_bytes(text)
    encoding = _encoding(data)
    start, line, budget = _skip_blank(data, 0), 1, MOST_ELEMENTS
    line += data.count(b"\n", 0, start)
    for _ in range(MOST_DOCUMENTS):
        if start >= len(data):
            return
        reader = _Reader(line, budget, encoding)
        length = reader.read(memoryview(data)[start:])
        if reader.root is None:
            return
        yield reader.root
        budget = reader.budget
        end = _skip_blank(data, start + length)
        line += data.count(b"\n", start, end)
        start = end
    if start < len(data):
        raise XmlError(line, f"more than {MOST_DOCUMENTS} documents")


def _to_bytes(text: str) -> bytes:
    try:
        data = text.removeprefix("\ufeff").encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise XmlError(line, "half of a character (a lone surrogate)") from error
    if len(data) > MOST_BYTES:
        raise XmlError(1, f"more than {MOST_BYTES >> 20} MiB")
    return data


def _encoding(data: bytes) -> str | None:
    """Return the encoding of `data`, or None if its XML declaration names one."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _skip_blank(data: bytes, start: int) -> int:
    while start < len(data) and data[start] in _BLANK:
        start += 1
    return start


class _Reader:
    """Builds the tree of one document, and stops after its root element."""

    def __init__(self, line: int, budget: int, encoding: str | None) -> None:
        self.root: Element | None = None
        self.budget = budget
        self._offset = line - 1
        self._open: list[Element] = []
        self._end = 0
        self._parser = parser = expat.ParserCreate(encoding, " ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._finish
        parser.CharacterDataHandler = self._text

    def read(self, data: memoryview) -> int:
        """Read the document at the start of `data`; return its length in bytes."""
        try:
            self._parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
        except _RootEnd:
            closing = bytes(data[self._end : self._end + 4096]).find(b">")
            return self._end + closing + 1
        except expat.ExpatError as error:
            if self.root is None and not self._open and error.code == _NO_ELEMENT:
                return len(data)  # comments alone
            raise XmlError(error.lineno + self._offset, expat.ErrorString(error.code)) from error
        except (LookupError, ValueError) as error:
            if isinstance(error, XmlError):
                raise
            raise XmlError(self._line, "an unknown encoding") from error
        return len(data)

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber + self._offset

    def _refuse(self, *_: object) -> None:
        raise XmlError(self._line, "a document type declaration (DTD), which is refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise XmlError(self._line, f"more than {MOST_ELEMENTS} elements")
        if len(self._open) >= DEEPEST:
            raise XmlError(self._line, f"elements nested more than {DEEPEST} deep")
        element = Element(name, self._line, attributes)
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _finish(self, _: str) -> None:
        element = self._open.pop()
        if not self._open:
            self.root = element
            self._end = self._parser.CurrentByteIndex
            raise _RootEnd

    def _text(self, text: str) -> None:
        if self._open and not self._open[-1].children:
            self._open[-1].text += text


_NO_ELEMENT = expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]
