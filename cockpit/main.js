// The page: it follows the agent, and shows each change.

/* global cockpit */

import * as api from "./api.js";
import { showDevices } from "./devices.js";
import { notice, replace } from "./dom.js";
import { Downloads } from "./downloads.js";
import { showFindings } from "./findings.js";
import { GuestForm } from "./guest.js";
import { showPicture } from "./picture.js";
import { showRegions } from "./regions.js";
import { notices } from "./state.js";
import { machineName, showSummary } from "./summary.js";
import { followTheme } from "./theme.js";
import * as words from "./words.js";

const RETRY = 10;
const SLOWEST = 60;
const part = name => document.getElementById(name);

/** Return a document, or why there is none, as a pair. */
async function attempt(promise) {
    try {
        return { document: api.known(await promise), failure: null };
    } catch (failure) {
        return { document: null, failure };
    }
}

/** Return `failure` of the API, unless the socket is absent and the published file cannot be used. */
function unlessUnusable(failure, unread) {
    if (failure.problem !== "not-found" || !unread || unread.problem === "not-found")
        return failure;
    return new api.Failure({ detail: words.failedWith(unread.problem, unread.detail), hint: unread.hint });
}

class Page {
    constructor() {
        this.guest = new GuestForm(part("guest"));
        this.downloads = new Downloads(part("downloads"));
        this.user = "";
        this.shown = "";
        this.seen = false;
        this.lacks = new Set(); // the parts that are unknown for a reason that passes
        api.followAdministrator(isAdministrator => this.downloads.allow({ isAdministrator }));
        part("status").textContent = words.READING;
    }

    /** Show the host as the API has it now; the verdicts take the agent longer than the rest. */
    async showLive({ health, tag }) {
        const { generation, scanned, digest } = health.answer;
        const key = JSON.stringify([tag, generation, digest]);
        const again = key === this.shown;
        if (again && !this.lacks.size)
            return;
        const read = name => again && !this.lacks.has(name) ? null : attempt(api.getDocument(`/v1/${name}`));
        const verdicts = read("devices");
        const [inventory, findings] = await Promise.all([
            attempt(api.getDocument("/v1/inventory")), read("findings"),
        ]);
        if (inventory.failure)
            throw inventory.failure;
        if (!again) {
            this.show({
                inventory: inventory.document, failure: null, findings,
                devices: { document: null, failure: null, pending: true },
                status: this.seen ? words.changed(generation) : words.live(generation, scanned),
            });
            this.guest.hostChanged();
        }
        this.shown = key;
        this.seen = true;
        const devices = await verdicts;
        if (devices)
            this.showDevices(devices, inventory.document);
        if (again && findings)
            this.showFindings(findings, inventory.document);
        const parts = Object.entries({ devices, findings });
        this.lacks = new Set(parts.filter(([, part]) => part?.failure?.temporary).map(([name]) => name));
    }

    /** Show what is published, and why the API does not answer. */
    async showPublished(failure) {
        // After a failed scan, an older inventory may not be true.
        const published = failure.status === 503 ? { document: null } : await attempt(api.readPublished());
        const inventory = published.document;
        const why = unlessUnusable(failure, published.failure);
        const key = JSON.stringify([why.status, why.problem, why.message, inventory?.origin]);
        if (key === this.shown)
            return;
        const none = { document: null, failure: null };
        this.show({
            inventory, failure: why, devices: none, findings: none,
            status: inventory ? words.FILE_ONLY : words.NO_ANSWER,
        });
        this.shown = key;
        this.seen = false;
        this.lacks.clear();
    }

    show({ inventory, failure, devices, findings, status }) {
        const answer = inventory?.answer ?? null;
        const absence = answer?.absence ?? null;
        const shown = notices({
            failure, inventory, user: this.user,
            noTable: absence && findings.failure?.status === 404 ? findings.failure : null,
        });
        part("machine").textContent = answer ? machineName(answer.machine) : "";
        replace(part("notices"), shown.map(one => notice({ ...one, level: 2 })));
        part("status").textContent = status;
        this.guest.enable(failure === null);
        this.downloads.allow({ hasApi: failure === null });
        showSummary(part("summary"), answer);
        this.showDevices(devices, inventory);
        showRegions(part("regions"), inventory);
        showPicture(part("picture"), inventory);
        this.showFindings(findings, inventory);
        document.body.dataset.state = failure === null ? "live" : inventory ? "published" : "none";
    }

    showFindings({ document, failure }, inventory) {
        showFindings(part("findings"), { checked: document, failure, inventory });
    }

    showDevices({ document, failure, pending = false }, inventory) {
        showDevices(part("devices"), { matrix: document, failure, pending, inventory });
    }

    /** Follow the agent for as long as the page is shown. */
    async follow() {
        let tag = "";
        for (;;) {
            try {
                const next = await api.nextHealth(tag);
                if (next.changed) {
                    await this.showLive(next);
                    tag = this.lacks.size ? "" : next.tag;
                }
                // An agent that cannot wait for a change is asked when it publishes one.
                if (this.lacks.size)
                    await api.publishedChanges(RETRY);
                else if (!next.waits && (tag === "" || !next.changed))
                    await api.publishedChanges(SLOWEST);
            } catch (failure) {
                const mayBeFull = failure.status === 503 && tag !== "";
                tag = "";
                const why = mayBeFull ? await this.showUnwaited() : failure;
                if (why)
                    await this.showPublished(why);
                await api.publishedChanges(RETRY);
            }
        }
    }

    /**
     * Show the host as it is now, or return why not.
     *
     * 503 can mean that too many pages wait, or that the agent cannot read the host. Without a tag
     * it does not wait.
     */
    async showUnwaited() {
        try {
            await this.showLive(await api.nextHealth(""));
            return null;
        } catch (failure) {
            return failure;
        }
    }
}

followTheme();
const page = new Page();
cockpit.user().then(user => {
    page.user = user.name;
}).finally(() => page.follow());
