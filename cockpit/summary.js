// The host in a few facts.

import { facts, heading, replace } from "./dom.js";
import { countsRegions } from "./state.js";
import * as words from "./words.js";

export function machineName(machine) {
    return [machine.vendor, machine.model].filter(Boolean).join(" ");
}

function tableWords(table) {
    if (table.state !== "decoded")
        return words.UNKNOWN;
    return `${table.name || table.signature}, ${words.bytes(table.length)}, ` +
        `OEM ${table.oem_id.trim()} ${table.oem_table_id.trim()}`;
}

function xenWords({ release, dom0, source, entries }) {
    const which = dom0 === null && release === null ? "" : `${words.xenRelease(release, dom0)}; `;
    return which + words.listed(entries.length, source);
}

export function showSummary(parent, answer) {
    parent.hidden = answer === null;
    if (answer === null)
        return;
    const { machine, table, regions, xen, linux } = answer;
    replace(parent,
            heading("summary", words.SUMMARY),
            facts([
                [words.FIRMWARE, machine.firmware],
                [words.KERNEL, machine.kernel_release],
                [words.TABLE, answer.absence ? "" : tableWords(table)],
                [words.REGIONS, countsRegions(answer) ? regions.length : words.UNKNOWN],
                [words.XEN, xenWords(xen)],
                [words.LINUX, words.LINUX_STATES[linux.state] || words.UNKNOWN],
            ]));
}
