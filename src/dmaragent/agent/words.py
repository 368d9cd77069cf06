"""The sentences of the service: what it refuses and why, what changed, how it is.  Pure."""

HAS_NO_SUCH_LIMIT = "run `dmaragent resolve`, which has no such limit"
"""The hint of what takes more than the service gives."""
FEWER = f"send fewer at a time, or {HAS_NO_SUCH_LIMIT}"
FEWER_GUESTS = f"send fewer guests at a time, or {HAS_NO_SUCH_LIMIT}"

# Requests -------------------------------------------------------------------------------


def request_late() -> str:
    return "the request was not sent in time"


def request_given_up() -> str:
    """Return why a client was disconnected that had not sent its request."""
    return "the request was not sent before others needed the connection"


def not_http_1_1() -> str:
    return "this is HTTP/1.1"


def not_http(why: Exception) -> str:
    return f"this is not HTTP: {why}"


def body_too_large(most: int) -> str:
    return f"a body has at most {most} bytes"


def target_not_path() -> str:
    return "the request's target is not a path"


def path_not_utf8() -> str:
    return "the path is not in UTF-8"


def nothing_at_path() -> str:
    return "nothing is at this path"


def all_paths() -> str:
    return "docs/api.md has all"


def methods_of_path(methods: str) -> str:
    return f"this path has {methods}"


def no_query(length: int) -> str:
    return f"this path takes no query ({length} characters)"


def device_without_function(text: str) -> str:
    return f"{text!r} names a device without its function"


def its_functions(functions: str) -> str:
    return f"its functions: {functions or 'unknown'}"


def not_scanned() -> str:
    return "the host was not scanned yet"


def scan_failed(why: str) -> str:
    return f"the last scan of the host failed: {why}"


def fault() -> str:
    """Return what a client is told of a fault of ours."""
    return "the agent has a fault; its log says more"


# Guests ---------------------------------------------------------------------------------


def guest_not_json(kind: str) -> str:
    return f"a guest is sent as {kind}, in UTF-8"


def form_of_request() -> str:
    return 'send {"guest": TEXT}, with "xen" and "toolstack" if needed; docs/api.md has more'


def body_not_json(why: str) -> str:
    return f"the body is no JSON: {why}"


def body_nested() -> str:
    return "it is nested too deeply"


def body_not_object() -> str:
    return "the body is no JSON object"


def member_twice() -> str:
    return "an object names something twice"


def no_number() -> str:
    return "NaN and Infinity are no JSON"


def body_not_utf8() -> str:
    return "it is not in UTF-8"


def long_number() -> str:
    return "it holds a number of thousands of digits"


def unknown_field(name: str) -> str:
    return f"the body has a field {name!r}, which means nothing here"


def no_guest() -> str:
    return "the body has no guest"


def field_not_text(name: str) -> str:
    return f"{name} is no text"


def lone_surrogate(name: str) -> str:
    return f"{name} holds half a character: a lone surrogate"


def unknown_toolstack() -> str:
    return "toolstack is none that is known"


def known_toolstacks(names: str) -> str:
    return f"those are {names}"


def guest_nested() -> str:
    return "guest is nested too deeply"


def guest_its_toolstack_reads(formats: str) -> str:
    return f"give a guest that its toolstack reads ({formats})"


def too_many_guests(most: int, number: int) -> str:
    return f"a request has at most {most} guests, and this one {number}"


def too_many_devices(most: int, number: int) -> str:
    return f"the guests of a request have at most {most} devices, and these {number}"


def too_many_regions(most: int, number: int) -> str:
    return f"an answer lists at most {most} regions, and this one {number}"


def answer_too_large(most: int, size: int) -> str:
    return f"an answer has at most {most} bytes, and this one would have {size}"


def workers_busy(seconds: float) -> str:
    return f"all workers were busy for {seconds:g} s"


def too_many_wait() -> str:
    return "too many guests wait already"


def takes_too_long(seconds: float) -> str:
    return f"resolving this takes more than {seconds:g} s"


def takes_too_much_memory() -> str:
    return "resolving this takes more memory than a worker of the agent may have"


def no_worker(why: str | None) -> str:
    return f"no worker can be started: {why}"


# The journal ----------------------------------------------------------------------------


def agent_ends(why: Exception) -> str:
    return f"the agent ends: {why}"


def no_more_events(why: str) -> str:
    return f"the kernel's device events can no longer be read: {why}"


def start_again() -> str:
    return "start it again, as systemd does"


def events_dropped() -> str:
    return "the kernel dropped events: everything is read again"


def clients_not_accepted(why: str | None) -> str:
    return f"clients of the local API cannot be accepted: {why}"


def answer_failed() -> str:
    return "an answer of the local API failed"


def first_inventory(regions: str, findings: str) -> str:
    return f"the first inventory: {regions}, {findings}"


def no_table(why: str) -> str:
    return f"no DMAR table: {why}"


def table_changed(*, gone: bool) -> str:
    return f"the DMAR table is {'gone' if gone else 'there, or another one'}"


def function_came(driver: str | None) -> str:
    return "came" if driver is None else f"came, driver {driver}"


def function_went() -> str:
    return "went"


def driver_changed(old: str | None, new: str | None) -> str:
    return f"has driver {new or 'none'}, had {old or 'none'}"


def function_changed(device: str, change: str, region: str) -> str:
    """Return a change of the function `device`; `region` names its regions, or is empty."""
    return f"{device} {change}{f', of region {region}' if region else ''}"


def finding_changed(finding: str, *, appeared: bool) -> str:
    return f"{'finding' if appeared else 'no longer a finding'}: {finding}"


def more_changes(number: str) -> str:
    return f"and {number}: see the inventory"


# Its state ------------------------------------------------------------------------------


def runtime_unusable(path: str, why: str) -> str:
    return f"{path} cannot be used: {why}"


def other_runtime() -> str:
    return "make the folder, or name another one with --runtime"


def not_an_inventory() -> str:
    return "it is no inventory"


def without_systemd() -> str:
    return "not known: systemd does not run this machine"


def state_unknown(why: str | None = None) -> str:
    return "not known" if why is None else f"not known: {why}"


def pyudev_unusable(why: Exception) -> str:
    return f"pyudev cannot be used: {why}"


def no_events(why: Exception) -> str:
    return f"the kernel's device events cannot be had: {why}"
