// What is wrong with the table.

import { code, element, facts, folded, heading, label, notice, prose, replace } from "./dom.js";
import * as words from "./words.js";

const KINDS = { critical: "bad", error: "bad", warning: "care", info: "muted" };

/** Return the findings in groups that differ only in what they are about. */
function grouped(findings) {
    const groups = new Map();
    for (const one of findings) {
        const key = JSON.stringify([one.id, one.severity, one.xen, one.linux, one.advice, one.details]);
        groups.set(key, [...groups.get(key) || [], one]);
    }
    return [...groups.values()];
}

function finding(group) {
    const [one] = group;
    const severity = words.SEVERITIES[one.severity] || one.severity;
    return element("article", { class: "finding" },
                   element("h3", {}, label(KINDS[one.severity] || "care", words.severityOf(severity, group.length)),
                           " ", one.title),
                   group.length === 1
                       ? element("p", {}, one.said)
                       : element("ul", {}, group.map(each => element("li", {}, each.said))),
                   facts([[words.ON_XEN, one.xen], [words.ON_LINUX, one.linux], [words.FIX, one.advice]].map(
                       ([name, text]) => [name, text && prose(text)])),
                   folded(`finding-${one.id}-${one.subject}`, words.DETAILS,
                          one.details ? element("p", {}, prose(one.details)) : null,
                          facts([[words.SOURCE, one.source], [words.FINDING_ID, code(one.id)]])));
}

function all({ findings, rules_asked: ran, not_asked: skipped }) {
    const rules = new Set(skipped.flatMap(one => one.rules));
    return [
        findings.length ? grouped(findings).map(finding) : element("p", {}, words.NO_FINDINGS),
        element("p", { class: "subtle" }, words.checksRan(ran, rules.size)),
        skipped.length
            ? element("ul", { class: "subtle" }, skipped.map(one =>
                element("li", {}, words.needed(one.need, one.rules))))
            : null,
    ];
}

/** Show the findings, or why there are none to show: `failure`, or null without the API. */
export function showFindings(parent, { checked, failure, inventory }) {
    parent.hidden = inventory === null;
    if (inventory === null)
        return;
    let content = null;
    if (checked)
        content = all(checked.answer);
    else if (failure)
        content = notice({ kind: "info", title: words.FINDINGS_UNKNOWN, detail: words.sentence(failure.message), hint: words.next(failure.hint) });
    else
        content = element("p", { class: "subtle" }, `${words.FINDINGS_UNKNOWN} ${words.NEEDS_API}`);
    replace(parent, heading("findings", words.FINDINGS), content);
}
