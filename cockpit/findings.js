// What is wrong with the table.

import { element, facts, folded, heading, label, notice, replace } from "./dom.js";
import * as words from "./words.js";

const KINDS = { critical: "bad", error: "bad", warning: "care", info: "muted" };

function finding(one, index) {
    return element("article", { class: "finding" },
                   element("h3", {}, label(KINDS[one.severity] || "care", words.SEVERITIES[one.severity] || one.severity),
                           " ", one.title),
                   element("p", {}, one.said),
                   facts([[words.ON_XEN, one.xen], [words.ON_LINUX, one.linux], [words.FIX, one.advice]]),
                   one.details || one.source
                       ? folded(`finding-${one.id}-${one.subject || index}`, words.DETAILS,
                                element("p", {}, one.details), facts([[words.SOURCE, one.source]]))
                       : null);
}

function all({ findings, rules_asked: ran, not_asked: skipped }) {
    const rules = new Set(skipped.flatMap(one => one.rules));
    return [
        findings.length ? findings.map(finding) : element("p", {}, words.NO_FINDINGS),
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
        content = notice({ kind: "info", title: words.FINDINGS_UNKNOWN, detail: failure.message, hint: failure.hint });
    else
        content = element("p", { class: "subtle" }, `${words.FINDINGS_UNKNOWN} ${words.NEEDS_API}`);
    replace(parent, heading("findings", words.FINDINGS), content);
}
