// The devices with the verdicts of Xen and Linux; without the API, those that regions name.

import { code, element, folded, heading, label, notice, prose, replace, table } from "./dom.js";
import { linuxWords, namesNobody } from "./regions.js";
import { countsRegions } from "./state.js";
import * as words from "./words.js";

const MOST = 512;
const KINDS = { yes: "good", "on-conditions": "care", no: "bad" };

function verdict({ can, risk }) {
    const risky = risk && (can === "yes" || can === "on-conditions");
    const word = words.DEVICE_VERDICTS[can] || words.UNKNOWN;
    return label(risky ? "care" : KINDS[can] || "muted", risky ? words.ALLOWED_WITH_RISK : word);
}

export function describe(sbdf, device) {
    const ids = device?.vendor_id && device.device_id
        ? `${device.vendor_id.slice(2)}:${device.device_id.slice(2)}` : "";
    const names = [device?.vendor_name, device?.device_name].filter(Boolean).join(" ");
    const named = [device?.class, names, ids, device?.driver && words.driver(device.driver)];
    return [code(sbdf), " ", element("span", { class: "subtle" }, named.filter(Boolean).join(", "))];
}

function regionsOf({ regions, reported }) {
    if (regions === null)
        return words.UNKNOWN;
    const parts = [words.spans(regions), reported.length ? words.reported(reported.length) : ""];
    return parts.filter(Boolean).join(", ") || words.NOTHING;
}

function row(device) {
    return [
        describe(device.device, device.function), verdict(device.xen), verdict(device.linux),
        regionsOf(device),
        device.step ? words.fixFor(device.step.title, device.step.side) : words.NOTHING,
    ];
}

function listed(caption, rows) {
    const more = rows.length - MOST;
    return [
        table(caption, words.DEVICE_COLUMNS, rows.slice(0, MOST).map(row)),
        more > 0 ? element("p", {}, words.leftOut(more, "dmaragent devices --all")) : null,
    ];
}

function* notes({ decides, devices }) {
    yield decides.length === 1 ? words.decides(decides[0]) : words.BOTH_DECIDE;
    if (devices.some(({ xen, linux }) => xen.risk || linux.risk))
        yield words.RISK_MEANS;
    if (devices.some(device => device.reported.length))
        yield words.REPORTED_MEANS;
    const reasons = new Map();
    for (const why of devices.filter(device => !device.chipset && !device.absent).flatMap(device => device.unknown))
        reasons.set(why, (reasons.get(why) || 0) + 1);
    for (const [why, number] of reasons)
        yield words.unknownFor(number, why);
}

function matrix(answer, functions) {
    const none = functions === null ? words.DEVICES_UNKNOWN : words.NO_DEVICES;
    const isOther = device => device.chipset || device.absent;
    const shown = answer.devices.filter(device => !isOther(device));
    const rest = answer.devices.filter(isOther);
    return [
        shown.length ? listed(words.DEVICES_CAPTION, shown) : element("p", {}, none),
        element("ul", { class: "subtle" }, [...notes(answer)].map(note => element("li", {}, prose(note)))),
        rest.length
            ? folded("other-devices", words.others(rest.filter(device => !device.absent).length,
                                                   rest.filter(device => device.absent).length),
                     listed(words.OTHERS_CAPTION, rest))
            : null,
    ];
}

/** Return the devices that regions name, from the inventory alone: no verdict. */
function named(answer) {
    if (answer.table.state !== "decoded")
        return element("p", {}, words.DEVICES_UNKNOWN);
    const found = new Map();
    for (const region of answer.regions) {
        for (const owner of region.owners.filter(one => one.sbdf !== null)) {
            const entry = found.get(owner.sbdf) || { owner, regions: [], holds: [] };
            if (entry.regions.at(-1) !== region.number)
                entry.regions.push(region.number);
            entry.holds.push(...region.linux.filter(one => one.sbdf === owner.sbdf));
            found.set(owner.sbdf, entry);
        }
    }
    if (found.size === 0) {
        const none = countsRegions(answer) && answer.regions.every(region => namesNobody(region, answer));
        return element("p", {}, none ? words.NO_NAMED : words.DEVICES_UNKNOWN);
    }
    const rows = [...found].sort(([one], [other]) => one < other ? -1 : 1).map(([sbdf, entry]) => [
        [describe(sbdf, entry.owner.device), " ", words.PRESENCES[entry.owner.presence] ?? words.UNKNOWN],
        words.spans(entry.regions), linuxWords(entry.holds, [entry.owner], answer.linux.state),
    ]);
    const more = rows.length - MOST;
    return [
        table(words.NAMED_CAPTION, words.NAMED_COLUMNS, rows.slice(0, MOST)),
        more > 0 ? element("p", {}, words.leftOut(more, "dmaragent inventory")) : null,
    ];
}

/**
 * Show the matrix; without one, the named devices and why: `failure`, `pending`, or no API.
 */
export function showDevices(parent, { matrix: given, failure, pending, inventory }) {
    parent.hidden = inventory === null;
    if (inventory === null)
        return;
    const why = failure
        ? notice({
            kind: "info", title: words.NO_VERDICTS,
            detail: failure.status === 404 ? words.NOT_OFFERED : words.sentence(failure.message),
            hint: failure.status === 404 ? "" : words.next(failure.hint),
        })
        : element("p", { class: "subtle" }, pending ? words.VERDICTS_PENDING : words.VERDICTS_NEED_API);
    parent.setAttribute("aria-busy", String(pending));
    replace(parent, heading("devices", words.DEVICES),
            given ? matrix(given.answer, inventory.answer.pci_functions) : [why, named(inventory.answer)]);
}
