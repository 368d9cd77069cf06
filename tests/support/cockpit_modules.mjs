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
        if (name === "class")
            this.kind = value;
        if (name === "id") {
            this.id = value;
            parts.set(value, this);
        }
    }

    prepend(child) {
        this.children.unshift(child);
    }

    contains() { return false; }
    click() {}
    focus() {}
    querySelector() { return null; }
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

// Cockpit. A test sets what answers a request, what a command prints, and what the published file has. A request
// without an answer waits for ever. With `changes`, the published file changes soon after it is watched.
let answer = () => ({ status: 404, body: {} });
let printed = async () => "";
let published = null;
let changes = false;
const asked = [];
globalThis.cockpit = {
    http: () => ({
        request(options) {
            asked.push(options.path === "/v1/health" ? `${options.path} ${options.headers["If-None-Match"] ?? ""}` : options.path);
            const given = answer(options, asked.length);
            if (!given)
                return { response() {}, then() {} };
            const { status, body, headers = {} } = given;
            let told = () => {};
            const done = Promise.resolve(given.after).then(() => {
                told(status, headers);
                if (status === 200)
                    return JSON.stringify(body);
                throw Object.assign(new Error(), { status, problem: given.problem, body: JSON.stringify(body) });
            });
            return {
                response: called => { told = called; },
                then: (well, badly) => done.then(well, error => badly(error, error.body)),
            };
        },
    }),
    file: () => ({
        read: async () => published,
        watch(called) {
            called();
            if (changes)
                setTimeout(called, 10);
        },
        close() {},
    }),
    spawn: words => printed(words),
    permission: emitter,
    user: async () => ({ name: "admin" }),
};

const load = name => import(pathToFileURL(`${page}/${name}`));

/** Return the promise of a command that ends with `status` and has written `output`. */
const ended = (status, output) => ({
    then: (well, badly) => Promise.resolve().then(() => status
        ? badly(Object.assign(new Error("the reason"), { exit_status: status }), output)
        : well(output)),
});

const HEALTH = { format: "dmaragent.health", version: 1, answer: { generation: 1, scanned: 1, digest: "d" } };
const alive = tag => ({ status: 200, body: HEALTH, headers: { ETag: tag, "Preference-Applied": "wait" } });

/** Return the answer to a request for one of `documents`. */
const documented = path => path in documents ? { status: 200, body: documents[path] } : { status: 404, body: {} };

const scenarios = {
    async known() {
        const { isKnown } = await load("state.js");
        return [null, {}, { format: "x" }, { format: "constructor" }, [], { format: "dmaragent.inventory", version: 2 }].map(isKnown);
    },

    async called() {
        const results = [];
        for (const [module, name, ...given] of documents) {
            const value = (await load(module))[name](...given);
            results.push(value instanceof Element ? value.textContent : typeof value === "bigint" ? `${value}` : value);
        }
        return results;
    },

    async shown() {
        const results = [];
        for (const [module, name, given] of documents) {
            const parent = new Element();
            (await load(module))[name](parent, given);
            const texts = [];
            const find = one => one instanceof Element && (one.children.some(child => !(child instanceof Element))
                ? texts.push(one.textContent) : one.children.forEach(find));
            find(parent);
            results.push(texts);
        }
        return results;
    },

    async resolved() {
        const { GuestForm } = await load("guest.js");
        const texts = [];
        for (const body of documents) {
            const form = new GuestForm(new Element());
            form.text.value = "memory = 512";
            answer = () => ({ status: 200, body });
            await form.check();
            texts.push(form.result.textContent);
        }
        return texts;
    },

    async labels() {
        const { showDevices } = await load("devices.js");
        return documents.map(([inventory, matrix]) => {
            const shown = new Element();
            showDevices(shown, { matrix, failure: null, pending: false, inventory });
            const labels = [];
            const find = one => {
                if (one.kind?.startsWith("label "))
                    labels.push([one.kind.replace("label ", ""), one.textContent]);
                one.children?.forEach(find);
            };
            find(shown);
            return labels;
        });
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

    async bundle() {
        const { Downloads } = await load("downloads.js");
        const told = [];
        for (const [status, output] of [[0, "bundle"], [1, "bundle"], [1, ""], [2, ""]]) {
            printed = () => ended(status, output);
            const downloads = new Downloads(new Element());
            await downloads.bundle.listeners.get("click")();
            told.push(downloads.told.textContent.replace(/dmaragent-\d+/, "NAME"));
        }
        return told;
    },

    async devices() {
        const { showDevices } = await load("devices.js");
        const { showPicture } = await load("picture.js");
        return documents.map(([inventory, matrix]) => {
            const [devices, picture] = [new Element(), new Element()];
            showDevices(devices, { matrix, failure: null, pending: false, inventory });
            showPicture(picture, inventory);
            return { devices: devices.textContent, picture: picture.textContent };
        });
    },

    async notices() {
        const { notices } = await load("state.js");
        return documents.map(inventory => notices({ failure: null, inventory, noTable: null, user: "" }).map(one => one.title));
    },

    async newer() {
        const newer = { format: "dmaragent.inventory", version: 99 };
        published = newer;
        const { GuestForm } = await load("guest.js");
        const form = new GuestForm(new Element());
        form.text.value = "memory = 512";
        answer = () => ({ status: 200, body: { ...documents, version: 99 } });
        await form.check();
        answer = () => ({ status: 0, body: {}, problem: "not-found" });
        await load("main.js");
        await pause(50);
        return [form.result.textContent, part("notices").textContent];
    },

    async busy() {
        changes = true;
        let [times, others] = [0, 0];
        answer = ({ path, headers }) => {
            if (path === "/v1/health")
                return headers["If-None-Match"] ? null : alive("1");
            if (path === "/v1/devices" && ++times < 3)
                return { status: 503, body: { detail: "all workers were busy" }, headers: { "Retry-After": "1" } };
            others += path === "/v1/findings";
            return documented(path);
        };
        await load("main.js");
        const seen = [];
        for (let i = 0; i < 100 && !seen.at(-1)?.includes("Only Linux decides"); i++) {
            await pause(10);
            seen.push(part("devices").textContent);
        }
        const state = document.body.dataset.state;
        return { busy: seen.some(text => text.includes("All workers were busy")), last: seen.at(-1), times, others, state };
    },

    async restarted() {
        changes = true;
        let [tag, drop] = ["1", null];
        answer = ({ path, headers }) => {
            if (path !== "/v1/health")
                return documented(path);
            if (headers["If-None-Match"] === tag)
                return { status: 0, body: {}, problem: "disconnected", after: new Promise(resolve => { drop = resolve; }) };
            return alive(tag);
        };
        await load("main.js");
        await pause(50);
        const guest = part("guest");
        part("guest-text").value = "memory = 512";
        await guest.children.find(one => one.listeners?.has("submit")).listeners.get("submit")({ preventDefault() {} });
        await pause(50);
        const before = part("guest-answer").textContent;
        tag = "2";
        drop();
        await pause(100);
        return [before, part("guest-answer").textContent];
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
    const refused = { status: 503, body: { detail: "the reason" } };
    let times = 0;
    answer = ({ path, headers }) => {
        if (path !== "/v1/health")
            return documented(path);
        times += 1;
        const taken = alive("1");
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
