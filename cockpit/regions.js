// The reserved regions with what Xen and Linux make of them.

import { code, element, folded, heading, replace, table } from "./dom.js";
import { countsRegions } from "./state.js";
import * as words from "./words.js";

const MOST = 512;
const FEW = 4;

/**
 * Return how Linux treats a region for some of its devices, its owners.
 *
 * `complete` is whether the region is known to be for no other device.
 */
export function linuxWords(holds, owners, state, complete = true) {
    if (state === "not-applicable-under-xen")
        return words.NOT_APPLICABLE;
    if (holds.length) {
        const found = [...new Set(holds.map(one => words.HOLDS[one.type] || words.UNKNOWN))].sort();
        const predicted = holds.every(one => one.by_kernel) ? "" : ` (${words.PREDICTED})`;
        return found.join(", ") + predicted;
    }
    const none = complete && owners.every(one => one.presence === "absent");
    return none ? words.NO_PRESENT_DEVICE : words.UNKNOWN;
}

function xenWords(view, source) {
    const predicted = source === "predicted" ? ` (${words.PREDICTED})` : "";
    if (view.listed === null)
        return words.because(words.UNKNOWN, view.reason);
    return words.because(view.listed ? words.LISTED : words.NOT_LISTED, view.listed ? "" : view.reason) + predicted;
}

export function rangeWords({ base, limit }) {
    return `${base}-${limit}`;
}

/** Return the bytes of a range. The number in the document can be above 2^53, which JSON.parse rounds. */
export function bytesOf({ base, limit }) {
    return BigInt(limit) - BigInt(base) + 1n;
}

function sizeOf(range) {
    return words.size(bytesOf(range));
}

/** Return whether all owners are known: a claim such as "all devices" needs the PCI functions. */
export function knowsOwners(region, { pci_functions: functions }) {
    return functions !== null || region.claims.length === 0;
}

/** Return whether the region is known to name no device. */
export function namesNobody(region, answer) {
    return region.owners.length === 0 && knowsOwners(region, answer);
}

/** Return whose a region is of which no device has an address. */
export function withoutAddress(region, answer) {
    const claims = region.claims.map(claim => claim.as_written);
    return [claims.join(", "), namesNobody(region, answer) ? words.NOBODY : words.UNKNOWN].filter(Boolean).join(": ");
}

function ownersOf(region, answer) {
    const names = new Map(region.owners.filter(one => one.sbdf).map(one => [one.sbdf, one.presence]));
    if (names.size === 0)
        return withoutAddress(region, answer);
    const told = ([sbdf, presence]) => {
        const note = words.PRESENCES[presence] ?? words.UNKNOWN;
        return element("li", {}, code(sbdf), note ? ` ${note}` : "");
    };
    const list = element("ul", { class: "plain" }, [...names].map(told));
    return names.size > FEW ? folded(`owners-${region.number}`, words.devices(names.size), list) : list;
}

function row(region, answer) {
    const { xen, linux } = answer;
    const where = region.segment ? `, ${words.segment(region.segment)}` : "";
    return [
        `${region.number}`, [code(rangeWords(region)), where],
        BigInt(region.limit) < BigInt(region.base) ? words.LIMIT_BELOW_BASE : sizeOf(region),
        ownersOf(region, answer), xenWords(region.xen, xen.source),
        linuxWords(region.linux, region.owners, linux.state, knowsOwners(region, answer)),
        region.memory_map || words.UNKNOWN,
    ];
}

/** Return the entries of Xen's list that no structure of the table explains. */
export function xenOnly({ xen }) {
    return xen.entries.filter(entry => entry.origin !== "table");
}

function more(number) {
    return number > 0 ? element("p", {}, words.leftOut(number, "dmaragent inventory --details")) : null;
}

function tableOfRegions(answer) {
    if (answer.table.state !== "decoded")
        return element("p", {}, words.REGIONS_UNKNOWN);
    if (answer.regions.length === 0)
        return element("p", {}, countsRegions(answer) ? words.NO_REGIONS : words.UNKNOWN);
    const locks = answer.linux.state !== "not-applicable-under-xen" &&
        answer.regions.some(region => region.linux.length);
    return [
        table(words.REGIONS_CAPTION, words.REGION_COLUMNS,
              answer.regions.slice(0, MOST).map(region => row(region, answer))),
        more(answer.regions.length - MOST),
        locks ? element("p", { class: "subtle" }, words.LINUX_MEANS) : null,
    ];
}

export function showRegions(parent, inventory) {
    parent.hidden = inventory === null;
    if (inventory === null)
        return;
    const { answer } = inventory;
    const listed = xenOnly(answer);
    const published = answer.linux.published;
    replace(parent, heading("regions", words.REGIONS), tableOfRegions(answer),
            listed.length
                ? table(words.XEN_ONLY_CAPTION, words.XEN_ONLY_COLUMNS, listed.slice(0, MOST).map(entry =>
                    [code(rangeWords(entry)), sizeOf(entry), words.LIST_ORIGINS[entry.origin] || words.UNKNOWN]))
                : null,
            more(listed.length - MOST),
            published.length
                ? table(words.LINUX_ONLY_CAPTION, words.LINUX_ONLY_COLUMNS, published.slice(0, MOST).map(one =>
                    [code(rangeWords(one)), words.size(one.size), one.type, words.spans(one.groups)]))
                : null,
            more(published.length - MOST));
}
