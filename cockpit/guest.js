// The form "will this guest start?" and its answer.

import { resolveGuest, run } from "./api.js";
import { code, element, facts, heading, label, notice, prose, replace } from "./dom.js";
import * as words from "./words.js";

const LARGEST = 64 * 1024;
const KINDS = { starts: "good", refused: "bad", undecided: "care" };
const VIRSH = { superuser: "try", environ: ["LC_ALL=C.UTF-8"] };

function decision(one) {
    return element("li", {},
                   element("strong", {}, words.decided(one.decider, words.EFFECTS[one.effect])), ": ", prose(one.reason),
                   one.place ? [" (", code(one.place), ")"] : null,
                   one.shown ? element("div", { class: "subtle" }, words.MESSAGE_SHOWN(one.shown)) : null);
}

function fix(one) {
    const risk = words.HARMS[one.harm] ?? words.UNKNOWN;
    return element("li", {},
                   prose(one.effect),
                   one.lines.length ? element("pre", { tabindex: "0" }, code(one.lines.join("\n"))) : null,
                   risk ? element("p", {}, label("care", risk)) : null,
                   one.verdict === "starts" ? null : element("p", {}, words.WITH_FIX[one.verdict] ?? words.UNKNOWN),
                   one.warnings ? element("p", {}, words.warningsLeft(one.warnings)) : null,
                   facts([[words.COST, one.cost], [words.UNDO, one.undo]]));
}

function list(title, items, ordered = false) {
    return items.length
        ? [element("h4", {}, title), element(ordered ? "ol" : "ul", {}, items)]
        : null;
}

function answerOf(guest) {
    const remedies = guest.remedies || [];
    const notes = [
        ...guest.messages.map(one => [prose(one.text), one.place ? [" (", code(one.place), ")"] : null]),
        ...(guest.losses || []).map(words.SETTING_LOST),
        ...(guest.list_notes || []),
    ];
    const cases = (guest.cases || []).length > 1 ? guest.cases : [];
    const name = guest.name || words.GUEST_WITHOUT_NAME;
    return element("article", { class: "answer" },
                   element("h3", {}, `${name}: `,
                           label(KINDS[guest.verdict] || "muted", words.GUEST_VERDICTS[guest.verdict] || words.UNKNOWN)),
                   element("p", { class: "subtle" }, words.hypervisorOf(guest.hypervisor, guest.stack)),
                   guest.reasons.length || guest.verdict !== "starts"
                       ? list(guest.verdict === "starts" ? words.WARNINGS : words.WHY, guest.reasons.map(decision))
                       : element("p", {}, words.NO_REASON),
                   list(words.DEPENDS, cases.map(one => element("li", {},
                                                                words.GUEST_VERDICTS[one.verdict] || words.UNKNOWN,
                                                                one.assumptions.length ? `: ${one.assumptions.join("; ")}` : ""))),
                   list(words.FIXES, remedies.map(fix), true),
                   guest.spelling ? element("ol", {}, fix(guest.spelling)) : null,
                   guest.why_nothing_helps ? element("p", {}, prose(words.noFix(guest.why_nothing_helps))) : null,
                   list(words.NEEDS, guest.needs.map(one => element("li", {}, code(one)))),
                   list(words.NOTES, notes.map(one => element("li", {}, one))));
}

function answers({ origin, answer }) {
    return [
        answer.guests.map(answerOf),
        element("p", { class: "subtle" }, origin.rests_on),
    ];
}

function refusal(title, failure) {
    return notice({
        kind: "danger", title, detail: words.sentence(failure.message), hint: words.next(failure.hint),
        list: failure.line ? [words.atLine(failure.line)] : [],
    });
}

/** The form; it stays as it is when the host changes, and its answer is then marked as old. */
export class GuestForm {
    constructor(parent) {
        this.text = element("textarea", { id: "guest-text", rows: "7", spellcheck: "false", "aria-describedby": "guest-help" });
        this.file = element("input", { id: "guest-file", type: "file" });
        this.chooser = element("select", { id: "guest-libvirt" });
        this.chooserRow = element("div", { class: "row", hidden: true },
                                  element("label", { for: "guest-libvirt" }, words.LIBVIRT_GUEST), this.chooser);
        this.button = element("button", { type: "submit", class: "primary" }, words.CHECK_GUEST);
        this.fields = element("fieldset", { "aria-labelledby": "guest-heading" },
                              this.chooserRow,
                              element("div", { class: "row" },
                                      element("label", { for: "guest-file" }, words.GUEST_FILE), this.file),
                              element("div", { class: "row" },
                                      element("label", { for: "guest-text" }, words.GUEST_TEXT), this.text,
                                      element("p", { id: "guest-help", class: "subtle" }, words.GUEST_TEXT_HELP)),
                              this.button);
        this.why = element("p", { class: "subtle" }, words.NEEDS_API);
        this.result = element("div", { id: "guest-answer", role: "status", "aria-live": "polite" });
        this.asked = 0;
        this.chosen = 0;
        this.answered = false;
        this.host = 0; // counts the hosts that the page has shown
        const form = element("form", {}, this.fields);
        replace(parent, heading("guest", words.GUEST), this.why, form, this.result);
        form.addEventListener("submit", event => {
            event.preventDefault();
            this.check();
        });
        this.file.addEventListener("change", () => this.readFile());
        this.chooser.addEventListener("change", () => this.readLibvirt());
        this.enable(false);
        this.listLibvirt();
    }

    /** Allow questions, if the API answers. */
    enable(possible) {
        this.fields.disabled = !possible;
        this.why.hidden = possible;
    }

    /** Mark an answer that was for the host as it was before. */
    hostChanged() {
        this.host += 1;
        this.markOld();
    }

    markOld() {
        if (this.answered && !this.result.querySelector(".stale"))
            this.result.prepend(element("p", { class: "stale" }, label("care", words.CHANGED_SINCE)));
    }

    show(...content) {
        this.answered = false;
        replace(this.result, content);
    }

    async check() {
        const asked = ++this.asked;
        const { host } = this;
        if (!this.text.value.trim()) {
            this.show(element("p", {}, words.NO_TEXT));
            this.text.focus();
            return;
        }
        this.show(element("p", {}, words.CHECKING));
        let content = null;
        try {
            content = answers(await resolveGuest(this.text.value));
        } catch (failure) {
            content = refusal(words.CANNOT_ANSWER, failure);
        }
        if (asked === this.asked) {
            this.show(content);
            this.answered = true;
            if (host !== this.host)
                this.markOld();
        }
    }

    /** Fill the form with what was chosen last: an earlier choice can take longer to read. */
    async readFile() {
        const chosen = ++this.chosen;
        const [file] = this.file.files;
        if (!file)
            return;
        if (file.size > LARGEST) {
            this.show(notice({ kind: "danger", title: words.LARGE_FILE }));
            return;
        }
        try {
            this.fill(await file.text(), chosen);
        } catch (error) {
            this.refuse(notice({ kind: "danger", title: words.FILE_UNREADABLE, detail: error.message }), chosen);
        }
    }

    async readLibvirt() {
        const chosen = ++this.chosen;
        const name = this.chooser.value;
        if (!name)
            return;
        try {
            this.fill(await run(["virsh", "dumpxml", `--domain=${name}`], VIRSH), chosen);
        } catch (failure) {
            this.refuse(refusal(words.DUMPXML_FAILED, failure), chosen);
        }
    }

    refuse(content, chosen) {
        if (chosen === this.chosen)
            this.show(content);
    }

    fill(text, chosen) {
        if (chosen !== this.chosen)
            return;
        this.asked += 1;
        this.text.value = text;
        this.show();
    }

    /** List libvirt's guests; without libvirt, or without guests, there is no list. */
    async listLibvirt() {
        let names = [];
        try {
            names = (await run(["virsh", "list", "--all", "--name"], VIRSH)).split("\n").filter(Boolean);
        } catch {
            return;
        }
        const options = names.map(name => {
            const option = element("option", {}, name);
            option.value = name;
            return option;
        });
        replace(this.chooser, element("option", { value: "" }, words.CHOOSE_GUEST), options);
        this.chooserRow.hidden = names.length === 0;
    }
}
