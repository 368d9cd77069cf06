// Elements of the page. Text from firmware, devices and guests is hostile: it only becomes text
// nodes and values of plain attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Return `text` with escapes for characters that are not seen, or that change the order of others. */
export function visible(text) {
    return String(text).replace(HIDDEN, character =>
        character === "\n" ? character : `\\u{${character.codePointAt(0).toString(16)}}`);
}

function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on") || name === "style" || name === "srcdoc")
            throw new TypeError(`attribute ${name}`);
        if (value === true)
            node.setAttribute(name, "");
        else if (value !== null && value !== undefined && value !== false)
            node.setAttribute(name, visible(value));
    }
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false && child !== "")
            node.append(child instanceof Node ? child : visible(child));
    }
    return node;
}

/** Return an HTML element. Children that are null, false or empty are left out. */
export function element(tag, attributes = {}, ...children) {
    return filled(document.createElement(tag), attributes, children);
}

/** Return an SVG element. */
export function drawn(tag, attributes = {}, ...children) {
    return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Replace the content of `parent`. What is open stays open, and the focus stays if it has an id. */
export function replace(parent, ...children) {
    const open = new Set([...parent.querySelectorAll("details[open][id]")].map(one => one.id));
    const focus = parent.contains(document.activeElement) ? document.activeElement.id : "";
    parent.replaceChildren();
    filled(parent, {}, children);
    for (const one of parent.querySelectorAll("details[id]"))
        one.open ||= open.has(one.id);
    if (focus)
        document.getElementById(focus)?.focus();
}

export function heading(name, text) {
    return element("h2", { id: `${name}-heading` }, text);
}

/** Return a table that is stacked on a narrow screen; the first cell of a row is its header. */
export function table(caption, columns, rows) {
    const head = columns.map(column => element("th", { scope: "col" }, column));
    const body = rows.map(cells => element("tr", {}, cells.map((cell, index) =>
        element(index ? "td" : "th", {
            scope: index ? null : "row", "data-column": columns[index],
        }, element("span", {}, cell)))));
    return element("table", {},
                   element("caption", {}, caption),
                   element("thead", {}, element("tr", {}, head)),
                   element("tbody", {}, body));
}

/** Return a word in a frame: its kind has a colour, but the word has the meaning. */
export function label(kind, text) {
    return element("span", { class: `label ${kind}` }, text);
}

export function code(text) {
    return element("code", {}, text);
}

/** Return a sentence in which commands between backquotes are shown as code. */
export function prose(text) {
    return String(text).split("`").map((part, index, parts) =>
        index % 2 && index < parts.length - 1 ? code(part) : part);
}

export function folded(id, summary, ...children) {
    return element("details", { id }, element("summary", {}, summary), element("div", {}, children));
}

export function facts(pairs) {
    const rows = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
    return element("dl", {}, rows.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

/** Return a notice: kind is info, warning or danger; hint is the next step; level of its heading. */
export function notice({ kind, title, detail = "", hint = "", list = [], commands = [], level = 3 }) {
    return element("div", { class: `notice ${kind}` },
                   element(`h${level}`, {}, title),
                   detail ? element("p", {}, prose(detail)) : null,
                   list.length ? element("ul", {}, list.map(one => element("li", {}, prose(one)))) : null,
                   hint ? element("p", {}, prose(hint)) : null,
                   commands.length ? element("pre", { tabindex: "0" }, code(commands.join("\n"))) : null);
}
