// Where the answers come from: the agent's socket, the file that it publishes, and commands.

/* global cockpit */

import { isKnown } from "./state.js";
import * as words from "./words.js";

export const SOCKET = "/run/dmaragent.socket";
export const PUBLISHED = "/run/dmaragent/inventory.json";
const JSON_TYPE = "application/json";
const WAIT = 50;
const DUMP = ["dmaragent", "dump", "--output", "-"];
const TIMED_OUT = 408;

/**
 * Why there is no answer. `status` is 0 if no agent answered; `problem` is then Cockpit's word.
 *
 * `temporary` is whether the same request can succeed later although nothing changes.
 */
export class Failure extends Error {
    constructor({ status = 0, problem = "", detail = "", hint = "", line = null, temporary = false }) {
        super(detail || problem);
        Object.assign(this, { status, problem, detail, hint, line, temporary });
    }
}

/** Return a document; one of another version than the page knows is a Failure. */
export function known(document) {
    if (isKnown(document))
        return document;
    throw new Failure({ detail: words.NEWER, hint: words.NEWER_HINT });
}

// "try": an administrator may use the socket without being in its group; others use their own rights.
const client = cockpit.http(SOCKET, { superuser: "try" });

function asFailure(error, body, headers) {
    if (!error.status)
        return new Failure({ problem: error.problem || "", detail: error.message || "", temporary: true });
    let told = {};
    try {
        told = JSON.parse(body) || {};
    } catch {
        // Not from the agent's code; the reason of the status is left.
    }
    const text = name => typeof told[name] === "string" ? told[name] : "";
    return new Failure({
        status: error.status,
        detail: text("detail") || error.reason || String(error.status),
        hint: text("hint"),
        line: Number.isInteger(told.line) ? told.line : null,
        temporary: error.status === TIMED_OUT || headers.has("retry-after"),
    });
}

// Cockpit's promises pass two values, which `await` would lose.
function request(options) {
    return new Promise((resolve, reject) => {
        const sent = client.request({ body: "", ...options });
        const headers = new Map();
        sent.response((_, received) => {
            for (const [name, value] of Object.entries(received))
                headers.set(name.toLowerCase(), value);
        });
        sent.then(body => resolve({ status: 200, body, headers }), (error, body) => {
            if (error.status === 304)
                resolve({ status: 304, body: "", headers });
            else
                reject(asFailure(error, body, headers));
        });
    });
}

function parsed(body) {
    try {
        return JSON.parse(body);
    } catch (error) {
        throw new Failure({ problem: "protocol-error", detail: error.message });
    }
}

/** Return the document at a path of the API. */
export async function getDocument(path) {
    return parsed((await request({ method: "GET", path })).body);
}

export async function getText(path) {
    return (await request({ method: "GET", path })).body;
}

/** Return whether and why a guest starts. */
export async function resolveGuest(text) {
    const body = JSON.stringify({ guest: text });
    const headers = { "Content-Type": JSON_TYPE };
    return known(parsed((await request({ method: "POST", path: "/v1/resolve", headers, body })).body));
}

/**
 * Return the health once it differs from what has `tag`; at once if that is empty.
 *
 * `changed` is false after a time without a change. `waits` is whether the agent waits for one.
 */
export async function nextHealth(tag) {
    const headers = tag ? { "If-None-Match": tag, Prefer: `wait=${WAIT}` } : {};
    const answer = await request({ method: "GET", path: "/v1/health", headers });
    return {
        changed: answer.status !== 304,
        health: answer.status === 304 ? null : known(parsed(answer.body)),
        tag: answer.headers.get("etag") || "",
        waits: answer.headers.has("preference-applied"),
    };
}

/** Return the published inventory, which every user may read. */
export function readPublished() {
    return new Promise((resolve, reject) => {
        const file = cockpit.file(PUBLISHED, { syntax: JSON });
        file.read().then(content => {
            if (content === null)
                reject(new Failure({ problem: "not-found" }));
            else
                resolve(content);
        }, error => reject(new Failure({ problem: error.problem || "protocol-error", detail: error.message })))
                .finally(() => file.close());
    });
}

/** Resolve when the published inventory changes, or after some seconds. */
export function publishedChanges(seconds) {
    return new Promise(resolve => {
        const file = cockpit.file(PUBLISHED);
        let first = true;
        const end = () => {
            clearTimeout(timer);
            file.close();
            resolve();
        };
        const timer = setTimeout(end, seconds * 1000);
        file.watch(() => {
            if (!first)
                end();
            first = false;
        }, { read: false });
    });
}

function commandFailure(error) {
    return new Failure({ problem: error.problem || "", detail: error.message || "" });
}

/** Return the output of a command as text; it fails with a Failure. */
export function run(command, options = {}) {
    return new Promise((resolve, reject) => {
        cockpit.spawn(command, { err: "message", ...options }).then(resolve, error => reject(commandFailure(error)));
    });
}

/**
 * Return a support bundle, and whether it is `complete`.
 *
 * If a reading or an answer failed, dump writes the bundle and ends with 1.
 */
export function readBundle() {
    return new Promise((resolve, reject) => {
        const dump = cockpit.spawn(DUMP, { err: "message", superuser: "require", binary: true });
        dump.then(content => resolve({ content, complete: true }), (error, content) => {
            if (error.exit_status === 1 && content?.length)
                resolve({ content, complete: false });
            else
                reject(commandFailure(error));
        });
    });
}

/** Call `changed` with whether this user has administrative access, now and on every change. */
export function followAdministrator(changed) {
    const permission = cockpit.permission({ admin: true });
    const tell = () => changed(permission.allowed === true);
    permission.addEventListener("changed", tell);
    tell();
}
