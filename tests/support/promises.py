"""What programs of others can rely on, one line for each name: tests/promises.txt has the recorded ones.

    python -m support.promises      adds the names that are new; a name that is gone must be removed by hand

docs/stability.md describes what the lines mean, and how each can change.
"""

import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import dmaragent
import fwtables
from dmaragent import api, cli, client, service_paths
from dmaragent.agent.metrics import metrics_text
from dmaragent.checks.all_rules import RULES
from dmaragent.collect.recorded import manifest
from dmaragent.commands import OTHER_NAMES
from dmaragent.messages import MESSAGES
from support.completion_page import walk
from support.served import published_machine

ROOT = Path(__file__).parents[2]
PACKAGES = (dmaragent, api, client, fwtables)
RECORDED = ROOT / "tests/promises.txt"
_MACHINES = ("hp-dl380e-gen8", "xen-pv-dom0")
"""Two machines that have all metrics and labels between them."""


def current() -> list[str]:
    """Return the promises of this tree, sorted."""
    parts = (_documents(), _findings(), _messages(), _metrics(), _routes(), _options(), _service())
    python = chain.from_iterable(_names(module) for module in PACKAGES)
    return sorted({*chain.from_iterable(parts), *python})


def recorded() -> list[str]:
    """Return the recorded promises."""
    return RECORDED.read_text("utf-8").splitlines()


def _documents() -> Iterator[str]:
    """Yield each field of each document with its type, and each value of a list of words."""
    for path in (ROOT / "docs/schema").glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        yield from _Fields(path.stem, schema["$defs"]).below("", schema, ())


@dataclass(frozen=True)
class _Fields:
    """The fields of a document, by their paths: the names of a schema's definitions can change."""

    document: str
    definitions: Mapping[str, Any]

    def below(self, path: str, part: Mapping[str, Any], within: tuple[str, ...]) -> Iterator[str]:
        """Yield what is promised of `part`; `within` are the definitions that it is in."""
        name = str(part.get("$ref", "")).removeprefix("#/$defs/")
        if name in within:
            return
        if name:
            yield from self.below(path, self.definitions[name], (*within, name))
            return
        for key in ("oneOf", "anyOf"):
            for each in part.get(key, ()):
                yield from self.below(path, each, within)
        required = part.get("required", ())
        for field, value in part.get("properties", {}).items():
            presence = "always" if field in required else "sometimes"
            inner = f"{path}.{field}".removeprefix(".")
            yield f"document {self.document} {inner}: {presence} {' or '.join(self._types(value))}"
            yield from self.below(inner, value, within)
        yield from (f"document {self.document} {path} = {word}" for word in part.get("enum", ()))
        if isinstance(part.get("items"), dict):
            yield from self.below(f"{path}[]", part["items"], within)

    def _types(self, part: Mapping[str, Any]) -> list[str]:
        if "$ref" in part:
            return self._types(self.definitions[part["$ref"].removeprefix("#/$defs/")])
        if "const" in part:
            return [json.dumps(part["const"])]
        variants = [*part.get("oneOf", ()), *part.get("anyOf", ())]
        if variants:
            return sorted({kind for each in variants for kind in self._types(each)})
        kind = part.get("type", "any")
        return [kind] if isinstance(kind, str) else sorted(kind)


def _findings() -> Iterator[str]:
    return (f"finding {rule.id}" for rule in RULES)


def _messages() -> Iterator[str]:
    return (f"message {message.id}" for message in MESSAGES)


def _metrics() -> Iterator[str]:
    for name in (None, *_MACHINES):
        text = metrics_text(None if name is None else published_machine(name), memory=1)
        for kind in re.findall(r"^# TYPE (.*)$", text, re.MULTILINE):
            yield f"metric {kind}"
        for metric, labels in re.findall(r"^([a-z_]+)(\{.*\})? \S+$", text, re.MULTILINE):
            yield from (
                f"metric {metric} label {one}" for one in re.findall(r'([a-z_]+)="', labels)
            )


def _routes() -> Iterator[str]:
    """Yield each route of the local API with its statuses and the documents that it answers with."""
    api_page = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    for path, methods in api_page["paths"].items():
        for method in methods.keys() & {"get", "post"}:
            for status, response in methods[method]["responses"].items():
                kinds = " ".join(sorted(_resolved(api_page, response).get("content", {})))
                yield f"route {method.upper()} {path} {status} {kinds}".strip()


def _resolved(page: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = str(part.get("$ref", "")).removeprefix("#/")
    if not reference:
        return part
    found: Any = page
    for name in reference.split("/"):
        found = found[name]
    return dict(found)


def _options() -> Iterator[str]:
    """Yield each verb, its options, and the words that these can be."""
    yield from (f"verb {name}" for name in OTHER_NAMES)
    for verb, parser in walk("", cli._parser()):
        yield f"verb {verb or 'dmaragent'}"
        for action in parser._actions:
            names = [name for name in action.option_strings if name.startswith("--")]
            value = "" if action.nargs == 0 else " VALUE"
            for name in names:
                yield f"verb {verb or 'dmaragent'} {name}{value}"
                if isinstance(action.choices, (list, tuple)):
                    words = action.choices
                    yield from (f"verb {verb or 'dmaragent'} {name} {word}" for word in words)


def _service() -> Iterator[str]:
    """Yield the paths, units and user of the service, and the files that are installed for others."""
    yield f"file {service_paths.CAPTURE}"
    yield f"file {service_paths.SOCKET}"
    for name in (service_paths.INVENTORY, service_paths.INVENTORY_TEXT, service_paths.METRICS):
        yield f"file {service_paths.RUNTIME}/{name}"
    yield from (f"unit {path.name}" for path in (ROOT / "systemd").iterdir())
    for line in (ROOT / "sysusers.d/dmaragent.conf").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield f"user {' '.join(line.split()[:2])}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    yield from (f"file /usr/{path}" for path in wheel["shared-data"].values())
    for script in ("libvirt/hook", "proxmox/hookscript"):
        text = (ROOT / "integrations" / script).read_text("utf-8")
        yield from (f"file {path}" for path in re.findall(r"^SETTING=(\S+)", text, re.MULTILINE))
    yield f"bundle {manifest.FORMAT} {manifest.VERSION}"


def _names(module: ModuleType) -> Iterator[str]:
    """Yield the public names of a package, with parameters, fields and values."""
    for name in module.__all__:
        value = getattr(module, name)
        yield f"python {module.__name__}.{name}"
        if isinstance(value, type):
            yield from (f"python {module.__name__}.{name}.{each}" for each in _members(value))
        elif inspect.isfunction(value):
            for each in inspect.signature(value).parameters.values():
                default = "" if each.default is each.empty else " optional"
                yield f"python {module.__name__}.{name}({each.name}) {each.kind.name.lower()}{default}"


def _members(cls: type) -> Iterator[str]:
    if issubclass(cls, Enum):
        yield from cls.__members__
    elif is_dataclass(cls):
        yield from (field.name for field in fields(cls) if not field.name.startswith("_"))
    yield from getattr(cls, "_fields", ())
    for name, member in vars(cls).items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name


def main() -> None:
    """Add what is new to the recorded promises; print what is gone."""
    old, new = set(recorded()) if RECORDED.exists() else set(), set(current())
    RECORDED.write_text("".join(f"{line}\n" for line in sorted(old | new)), "utf-8")
    for line in sorted(old - new):
        sys.stderr.write(f"gone: {line}\n")


if __name__ == "__main__":
    main()
