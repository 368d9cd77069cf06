"""Running the program as its user does, and checking its documents."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dmaragent.cli import main

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The document it printed, checked against its schema."""
        document: dict[str, Any] = json.loads(self.out)
        check_document(document)
        return document


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run the program with `arguments`."""
    code = main([str(each) for each in arguments])
    captured = capsys.readouterr()
    return Ran(code, captured.out, captured.err)


def check_document(document: Mapping[str, object]) -> None:
    """Hold a document against the schema of its format and version."""
    name = str(document["format"]).removeprefix("dmaragent.")
    _validator(f"{name}.v{document['version']}.json").validate(document)


@cache
def _validator(name: str) -> Draft202012Validator:
    """Read a schema, which takes longer than to hold a document against it."""
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
