"""Answer questions with the program on PYTHONPATH: run as a process of its own.

Standard input holds the questions as JSON; standard output gets a line for each answer.
"""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from dmaragent.cli import main


def answer(arguments: list[str], standard_input: str) -> dict[str, object]:
    """Return what the program prints for `arguments`: its document, its errors, its exit code."""
    written = (io.StringIO(), io.StringIO())
    source = io.TextIOWrapper(io.BytesIO(standard_input.encode()), encoding="utf-8")
    with (
        redirect_stdout(written[0]),
        redirect_stderr(written[1]),
        patch.object(sys, "stdin", source),
    ):
        code = main(arguments)
    out, err = (stream.getvalue() for stream in written)
    try:
        document = json.loads(out)
    except ValueError:
        document = out
    else:
        document.get("origin", {}).pop("tool", None)
    return {"exit": code, "document": document, "errors": err}


if __name__ == "__main__":
    for asked_arguments, asked_input in json.load(sys.stdin):
        result = answer(asked_arguments, asked_input)
        print(json.dumps(result, sort_keys=True, ensure_ascii=True), flush=True)
