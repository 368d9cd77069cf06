// What the page has to say about the agent and the table, before any answer. Pure.

import * as words from "./words.js";

const KNOWN = {
    "dmaragent.inventory": 2, "dmaragent.check": 1, "dmaragent.devices": 1, "dmaragent.health": 1,
    "dmaragent.resolve": 1,
};

/** Return whether the page knows this version of a document. */
export function isKnown(document) {
    const version = KNOWN[document?.format];
    return version !== undefined && version === document.version;
}

/** Reasons for which the firmware may have a table. */
const UNREAD = ["denied", "failed", "not-collected", "pvh-dom0", "hidden", "no-acpi"];
const HARMLESS = ["checksum", "trailing-bytes"];

/** Return whether no region can be missing: the damage of the table, if there is any, hides no structure. */
export function countsRegions({ table }) {
    return table.state === "decoded" && table.damage.every(one => HARMLESS.includes(one.kind));
}

/**
 * Return the notices, the most important first.
 *
 * `failure` is why the API does not answer, or null; `inventory` is from the API, or published, or
 * null; `noTable` is the API's problem document about the table, or null.
 */
export function notices({ failure, inventory, noTable, user }) {
    return [
        ...(failure ? [aboutAgent(failure, inventory !== null, user)] : []),
        ...(inventory ? aboutTable(inventory.answer, noTable) : []),
    ];
}

const REFUSED = ["access-denied", "authentication-failed"];

function aboutAgent(failure, published, user) {
    if (failure.status === 503) {
        return {
            kind: "danger", title: words.NOT_READ, detail: words.sentence(failure.detail),
            hint: words.next(failure.hint) || words.NOT_READ_HINT, commands: failure.hint ? [] : words.SHOW_LOG,
        };
    }
    const detail = published ? words.MISSED : "";
    if (REFUSED.includes(failure.problem)) {
        return {
            kind: "info", title: published ? words.NOT_ALLOWED : words.NOT_ALLOWED_NOTHING, detail,
            hint: words.NOT_ALLOWED_HINT, commands: words.joinGroup(user),
        };
    }
    if (failure.problem === "not-found" && published) {
        return {
            kind: "info", title: words.SOCKET_OFF, detail,
            hint: words.SOCKET_OFF_HINT, commands: words.ENABLE_SOCKET,
        };
    }
    if (failure.problem === "not-found") {
        return {
            kind: "danger", title: words.NOT_RUNNING, detail: words.NOT_RUNNING_DETAIL,
            hint: words.NOT_RUNNING_HINT, commands: words.START_SERVICE,
        };
    }
    return {
        kind: "danger", title: words.FAILED, hint: words.next(failure.hint) || words.RETRIES,
        detail: words.failedWith(failure.problem, failure.detail || failure.message),
    };
}

function* aboutTable(answer, noTable) {
    const { absence, table, xen } = answer;
    if (absence) {
        const [what, hint] = words.absences[absence.kind] || words.absences.unknown;
        yield {
            kind: "warning", title: UNREAD.includes(absence.kind) ? words.TABLE_UNREAD : words.NO_TABLE,
            detail: words.sentence(noTable?.detail || what),
            list: noTable ? [words.NO_TABLE_EFFECT] : [...absence.evidence, words.NO_TABLE_EFFECT],
            hint: words.next(noTable?.hint) || hint,
        };
    } else if (table.state === "undecodable") {
        yield { kind: "danger", title: words.UNDECODABLE };
    }
    if (xen.iommu_disabled)
        yield { kind: "danger", title: words.iommuOff, detail: words.sentence(xen.iommu_disabled) };
    if (!absence && table.state !== "undecodable" && !answer.complete) {
        const whole = countsRegions(answer);
        yield { kind: whole ? "warning" : "danger", title: whole ? words.DAMAGED : words.INCOMPLETE };
    }
    if (xen.source === "hypervisor" && xen.entries.length === 0 && xen.why_empty.length)
        yield { kind: "warning", title: words.EMPTY_LIST, list: xen.why_empty };
    if (answer.undetermined.length)
        yield { kind: "warning", title: words.UNDETERMINED, detail: words.NOT_FOUND_BEHIND, list: answer.undetermined };
    if (answer.problems.length)
        yield { kind: "warning", title: words.PROBLEMS, list: answer.problems };
}
