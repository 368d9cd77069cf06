"""The sentences of the service: refusals with their reasons, changes, its state.  Pure."""

from collections.abc import Sequence

from dmaragent.present.words.numbers import count, known_regions, numbered_regions

HAS_NO_SUCH_LIMIT = "use `dmaragent resolve`, which has no such limit"
"""The hint for a request that exceeds a limit of the service."""
FEWER = f"send fewer per request, or {HAS_NO_SUCH_LIMIT}"
FEWER_GUESTS = f"send fewer guests per request, or {HAS_NO_SUCH_LIMIT}"

# Requests -------------------------------------------------------------------------------


def request_late() -> str:
    return "the request did not arrive in time"


def request_given_up() -> str:
    """Return why a client that had not sent its request was disconnected."""
    return "the request did not arrive before other clients needed the connection"


def not_http_1_1() -> str:
    return "this server supports only HTTP/1.0 and HTTP/1.1"


def not_http(why: Exception) -> str:
    return f"the request is not valid HTTP: {why}"


def body_too_large(most: int) -> str:
    return f"the body exceeds {most} bytes"


def target_not_path() -> str:
    return "the request's target is not a path"


def path_not_utf8() -> str:
    return "the path is not UTF-8"


def nothing_at_path() -> str:
    return "unknown path"


def all_paths(paths: str) -> str:
    return f"use one of: {paths}"


def methods_of_path(methods: str) -> str:
    return f"this path supports {methods}"


def no_query(length: int) -> str:
    return f"this path accepts no query, but the request has one ({length} characters)"


def device_without_function(text: str) -> str:
    return f"{text!r} names a device without its function"


def its_functions(functions: Sequence[str] | None) -> str:
    """Return how to name one of the `functions` of a device; None: unknown."""
    present = "unknown" if functions is None else " ".join(functions) or "none"
    return f"add the function; present: {present}"


def not_scanned() -> str:
    return "the agent has not scanned the host yet"


def scan_failed(why: str) -> str:
    return f"the last scan of the host failed: {why}"


def fault() -> str:
    """Return the detail of an internal error, which the log explains."""
    return "internal error of the agent; its log has the details"


# Guests ---------------------------------------------------------------------------------


def body_not_json_type(kind: str) -> str:
    return f"the content type must be {kind}, in UTF-8"


def form_of_request() -> str:
    return 'send {"guest": TEXT}, with "xen" and "toolstack" if needed'


def form_of_message() -> str:
    return 'send {"message": TEXT}'


def body_not_json(why: str) -> str:
    return f"the body is not valid JSON: {why}"


def body_nested() -> str:
    return "it is nested too deeply"


def body_not_object() -> str:
    return "the body is not a JSON object"


def member_twice() -> str:
    return "an object has the same name twice"


def no_number() -> str:
    return "NaN and Infinity are not JSON"


def body_not_utf8() -> str:
    return "it is not UTF-8"


def long_number() -> str:
    return "it contains a number with thousands of digits"


def unknown_field(name: str) -> str:
    return f"unknown field {name!r}"


def field_missing(name: str) -> str:
    return f"the field {name} is missing"


def field_not_text(name: str) -> str:
    return f"{name} is not a string"


def lone_surrogate(name: str) -> str:
    return f"{name} contains a lone surrogate, which is half a character"


def unknown_toolstack(name: str) -> str:
    return f"unknown toolstack {name!r}"


def known_toolstacks(names: str) -> str:
    return f"use one of: {names}"


def guest_nested() -> str:
    return "guest is nested too deeply"


def guest_its_toolstack_reads(formats: str) -> str:
    return f"send a guest that its toolstack accepts ({formats})"


def too_many_guests(most: int, number: int) -> str:
    return f"the request has {number} guests; the limit is {most}"


def too_many_devices(most: int, number: int) -> str:
    return f"the guests of the request have {number} devices; the limit is {most}"


def too_many_regions(most: int, number: int) -> str:
    return f"the answer would list {number} regions; the limit is {most}"


def answer_too_large(most: int, size: int) -> str:
    return f"the answer would need {size} bytes; the limit is {most} bytes"


def too_many_functions(most: int, number: int) -> str:
    return f"the host has {number} PCI functions; the agent answers this for {most} at most"


def use_the_command(verb: str) -> str:
    return f"use `dmaragent {verb}`, which has no such limit"


def too_many_watch() -> str:
    return "too many clients are already waiting for a change"


def workers_busy(seconds: float) -> str:
    return f"all workers were busy for {seconds:g} s"


def too_many_wait() -> str:
    return "too many requests are already waiting"


def takes_too_long(seconds: float) -> str:
    return f"the answer takes more than {seconds:g} s"


def takes_too_much_memory() -> str:
    return "the answer takes more memory than a worker of the agent can use"


def no_worker(why: str | None) -> str:
    return f"a worker cannot be started: {why}"


# The journal ----------------------------------------------------------------------------


def agent_ends(why: Exception) -> str:
    return f"the agent ends: {why}"


def no_more_events(why: str) -> str:
    return f"the kernel's device events can no longer be read: {why}"


def start_again() -> str:
    return "start the agent again; systemd does this by itself"


def watch_again() -> str:
    return "run dmaragent watch again"


def events_dropped() -> str:
    return "the kernel dropped events; the host is read again"


def clients_not_accepted(why: str | None) -> str:
    return f"the local API cannot accept clients: {why}"


def answer_failed() -> str:
    return "a request to the local API caused an internal error"


def first_inventory(regions: int | None, findings: str) -> str:
    return f"first inventory: {known_regions(regions, 'reserved region')}, {findings}"


def generation(number: int, regions: int | None) -> str:
    """Return the state of the service for ``systemctl status``."""
    return f"generation {number}, {known_regions(regions)}"


def no_table(why: str) -> str:
    return f"no DMAR or IVRS table: {why}"


def table_unread(why: str) -> str:
    return f"the table of the IOMMU cannot be read: {why}"


def table_known_absent() -> str:
    return "the kernel has no table of the IOMMU; before, that was unknown"


def table_changed(*, gone: bool) -> str:
    return f"the table of the IOMMU {'is no longer available' if gone else 'is new or has changed'}"


def function_came(driver: str | None, *, many: bool = False) -> str:
    added = "were added" if many else "was added"
    return added if driver is None else f"{added}, driver {driver}"


def function_went(*, many: bool = False) -> str:
    return "were removed" if many else "was removed"


def driver_changed(old: str | None, new: str | None, *, many: bool = False) -> str:
    whose = "their" if many else "its"
    return f"changed {whose} driver from {old or 'none'} to {new or 'none'}"


def virtual_functions(number: int, physical: str) -> str:
    """Return the name of `number` virtual functions of the function `physical`."""
    return f"{number} virtual functions of {physical}"


def function_changed(device: str, change: str, regions: Sequence[int]) -> str:
    """Return a change of the function `device` with its `regions`."""
    sentence = f"{device} {change}"
    return with_regions(sentence, regions) if regions else sentence


def functions_unknown(why: str) -> str:
    return f"the PCI functions can no longer be read: {why}"


def functions_known() -> str:
    return "the PCI functions can be read again; changes before that are unknown"


def finding_new(finding: str) -> str:
    return f"new finding: {finding}"


def finding_gone(finding: str) -> str:
    return f"no longer a finding: {finding}"


def finding_unknown(finding: str) -> str:
    return f"can no longer be checked: {finding}"


def more_changes(number: str) -> str:
    return f"{number}; the inventory shows them"


# The verb watch --------------------------------------------------------------------------------


def watching(counts: str) -> str:
    """Return the first line of ``watch``."""
    return f"Watching {counts}. Ctrl-C stops it."


def watched(functions: int | None, regions: int | None, findings: int | None) -> str:
    """Return what ``watch`` watches; None: unknown."""
    known = [
        count(number, noun)
        for number, noun in (
            (functions, "PCI function"),
            (regions, "reserved region"),
            (findings, "finding"),
        )
        if number is not None
    ]
    return ", ".join(known) or "the kernel's device events"


def events_lost() -> str:
    return "the kernel dropped events; everything was read again"


def regions_not_watched(why: str, hint: str, *, published: bool) -> str:
    """Return what is unknown without the table; `published` regions replace those of the table."""
    lacking = "Findings are" if published else "Regions and findings are"
    source = " Regions are those that dmaragent.service published." if published else ""
    return (
        f"{lacking} not watched: {why}.{source} Next: {hint}."
        if hint
        else f"{lacking} not watched: {why}.{source}"
    )


def table_damaged() -> str:
    return "The number of regions is unknown: the table is damaged. Next: dmaragent check."


def devices_not_watched(why: str) -> str:
    return f"Devices are not watched: the PCI functions cannot be read ({why})."


def with_regions(sentence: str, regions: Sequence[int]) -> str:
    return f"{sentence} ({numbered_regions(regions)})"


# Its state ------------------------------------------------------------------------------


def runtime_unusable(path: str, why: str) -> str:
    return f"{path} cannot be used: {why}"


def other_runtime() -> str:
    return "create the folder, or choose another one with --runtime"


def not_an_inventory(path: str) -> str:
    return f"{path} is not an inventory"


def without_systemd() -> str:
    return "unknown: systemd does not run this machine"


def state_unknown(why: str | None = None) -> str:
    return "unknown" if why is None else f"unknown: {why}"


def no_answer_within(seconds: int) -> str:
    return f"systemctl did not answer in {seconds} s"


def pyudev_unusable(why: Exception) -> str:
    return f"pyudev cannot be used: {why}"


def no_events(why: Exception) -> str:
    return f"the kernel's device events cannot be received: {why}"
