// The report and the support bundle as files.

import { getText, readBundle } from "./api.js";
import { element, notice, replace } from "./dom.js";
import * as words from "./words.js";

function save(name, type, content) {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = element("a", { download: name });
    link.href = address;
    link.click();
    URL.revokeObjectURL(address);
}

function stamped(ending) {
    return `dmaragent-${new Date().toISOString().slice(0, 19).replace(/\D/g, "")}${ending}`;
}

export class Downloads {
    constructor(parent) {
        this.report = element("button", { type: "button" }, words.REPORT);
        this.bundle = element("button", { type: "button" }, words.BUNDLE);
        this.told = element("div", { role: "status", "aria-live": "polite" });
        this.why = element("p", { class: "subtle" });
        this.hasApi = false;
        this.isAdministrator = false;
        this.running = false;
        replace(parent, element("div", { class: "buttons" }, this.report, this.bundle), this.why, this.told);
        this.report.addEventListener("click", () => this.save(
            words.REPORT_RUNS, words.REPORT_FAILED, stamped(".html"), "text/html",
            async () => ({ content: await getText("/v1/report"), complete: true })));
        this.bundle.addEventListener("click", () => this.save(
            words.BUNDLE_RUNS, words.BUNDLE_FAILED, stamped(".tar.xz"), "application/x-xz", readBundle));
        this.update();
    }

    allow({ hasApi = this.hasApi, isAdministrator = this.isAdministrator }) {
        Object.assign(this, { hasApi, isAdministrator });
        this.update();
    }

    update() {
        this.report.disabled = !this.hasApi || this.running;
        this.bundle.disabled = !this.isAdministrator || this.running;
        const why = [
            this.hasApi ? "" : words.REPORT_NEEDS_API,
            this.isAdministrator ? "" : words.BUNDLE_NEEDS_ADMIN,
        ];
        this.why.textContent = why.filter(Boolean).join(" ");
        this.why.hidden = !this.why.textContent;
    }

    async save(running, failed, name, type, make) {
        this.running = true;
        this.update();
        replace(this.told, element("p", {}, running));
        try {
            const { content, complete } = await make();
            save(name, type, content);
            replace(this.told, element("p", {}, complete ? words.DOWNLOADED(name) : words.incomplete(name)));
        } catch (failure) {
            const detail = failure.status === 404 ? words.NOT_OFFERED : words.sentence(failure.message);
            replace(this.told, notice({ kind: "danger", title: failed, detail, hint: words.next(failure.hint) }));
        }
        this.running = false;
        this.update();
    }
}
