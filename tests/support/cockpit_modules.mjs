// Runs the modules of the page for Cockpit with a document and a Cockpit that are only recorded.
//
// Standard input has the documents of the API; standard output gets what the modules did, as JSON.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { page, scenario, documents } = JSON.parse(readFileSync(0, "utf8"));
const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

class Element {
    constructor() {
        Object.assign(this, { children: [], dataset: {}, files: [], value: "", id: "", listeners: new Map() });
    }

    get textContent() {
        return this.children.map(one => one instanceof Element ? one.textContent : one).join("");
    }

    set textContent(text) {
        this.children = [text];
    }

    append(child) {
        this.children.push(child);
    }

    replaceChildren() {
        this.children = [];
    }

    addEventListener(name, called) {
        this.listeners.set(name, called);
    }

    setAttribute(name, value) {
        if (name === "id") {
            this.id = value;
            parts.set(value, this);
        }
    }

    contains() { return false; }
    focus() {}
    querySelectorAll() { return []; }
}

const parts = new Map();
const part = id => {
    if (!parts.has(id))
        parts.set(id, new Element());
    return parts.get(id);
};
const emitter = () => ({ addEventListener() {}, matches: false, allowed: false });
Object.assign(globalThis, {
    Node: Element,
    document: {
        body: new Element(), documentElement: { classList: { toggle() {} }, dataset: {} }, activeElement: null,
        createElement: () => new Element(), createElementNS: () => new Element(), getElementById: part,
    },
    window: { ...emitter(), matchMedia: emitter }, localStorage: { getItem: () => null },
    matchMedia: emitter, addEventListener() {},
});

// Cockpit. A test sets what answers a request, and what a command prints.
let answer = () => ({ status: 404, body: {} });
let printed = async () => "";
const asked = [];
globalThis.cockpit = {
    http: () => ({
        request(options) {
            asked.push(options.path === "/v1/health" ? `${options.path} ${options.headers["If-None-Match"] ?? ""}` : options.path);
            const { status, body, headers = {} } = answer(options, asked.length);
            let told = () => {};
            const done = Promise.resolve().then(() => {
                told(status, headers);
                if (status === 200)
                    return JSON.stringify(body);
                throw Object.assign(new Error(), { status, body: JSON.stringify(body) });
            });
            return {
                response: called => { told = called; },
                then: (well, badly) => done.then(well, error => badly(error, error.body)),
            };
        },
    }),
    file: () => ({ read: async () => null, watch() {}, close() {} }),
    spawn: words => printed(words),
    permission: emitter,
    user: async () => ({ name: "admin" }),
};

const load = name => import(pathToFileURL(`${page}/${name}`));

const scenarios = {
    async known() {
        const { isKnown } = await load("state.js");
        return [null, {}, { format: "x" }, { format: "constructor" }, [], { format: "dmaragent.inventory", version: 2 }].map(isKnown);
    },

    async regions() {
        const { showRegions } = await load("regions.js");
        const { showSummary } = await load("summary.js");
        const shown = part("regions");
        return documents.map(inventory => {
            showRegions(shown, inventory);
            const rows = [];
            const find = one => {
                if (!(one instanceof Element))
                    return;
                if (one.children.length === 7 && one.children.every(cell => cell instanceof Element))
                    rows.push(one.children.map(cell => cell.textContent));
                one.children.forEach(find);
            };
            find(shown);
            const summary = part("summary");
            showSummary(summary, inventory.answer);
            return { rows: rows.slice(1), summary: summary.textContent };
        });
    },

    async libvirt() {
        const { GuestForm } = await load("guest.js");
        const slow = {};
        printed = words => words[1] === "list" ? Promise.resolve("")
            : new Promise(resolve => { slow[words[2]] = () => resolve(`text of ${words[2]}`); });
        const form = new GuestForm(part("guest"));
        const choose = name => {
            form.chooser.value = name;
            return form.readLibvirt();
        };
        const both = [choose("a"), choose("b")];
        slow["--domain=b"]();
        await both[1];
        slow["--domain=a"]();
        await both[0];
        const first = form.text.value;
        let read;
        form.file.files = [{ size: 1, text: () => new Promise(resolve => { read = resolve; }) }];
        const file = form.readFile();
        const guest = choose("c");
        slow["--domain=c"]();
        await guest;
        read("text of a file");
        await file;
        return [first, form.text.value];
    },

    async failed() {
        return follow(503);
    },

    async full() {
        return follow(200);
    },
};

/** Return what the page asks and shows, if the second request is refused and the third has `status`. */
async function follow(status) {
    const health = { format: "dmaragent.health", version: 1, answer: { generation: 1, scanned: 1, digest: "d" } };
    const refused = { status: 503, body: { detail: "the reason" } };
    let times = 0;
    answer = ({ path, headers }) => {
        if (path !== "/v1/health")
            return path in documents ? { status: 200, body: documents[path] } : { status: 404, body: {} };
        times += 1;
        const taken = { status: 200, body: health, headers: { ETag: "1", "Preference-Applied": "wait" } };
        return times === 1 ? taken : headers["If-None-Match"] || status !== 200 ? refused : taken;
    };
    await load("main.js");
    await pause(300);
    return {
        asked: asked.filter(one => one.startsWith("/v1/health")), state: document.body.dataset.state,
        notices: part("notices").textContent,
    };
}

process.stdout.write(JSON.stringify(await scenarios[scenario]()), () => process.exit(0));
