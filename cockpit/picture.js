// The address space as a picture: the same ranges as in the tables, by address.

import { drawn, element, heading, replace } from "./dom.js";
import { bytesOf, rangeWords, withoutAddress, xenOnly } from "./regions.js";
import * as words from "./words.js";

const MOST = 64;
const ROW = 24;
const GAP = 26;
const TALLEST = 72;
const TOP = 14;
const BAR = { x: 104, width: 44 };
const LABEL = BAR.x + BAR.width + 12;
const END = 1n << 64n;

function who(region, answer) {
    const names = [...new Set(region.owners.map(one => one.sbdf).filter(Boolean))];
    return names.length
        ? words.andMore(names[0].replace(/^0000:/, ""), names.length - 1)
        : withoutAddress(region, answer);
}

function boxes(answer) {
    const found = [];
    const add = (kind, range, label) => {
        const [first, last] = [BigInt(range.base), BigInt(range.limit)];
        if (first <= last && last < END)
            found.push({ kind, first, last, label, range });
    };
    for (const region of answer.regions)
        add("region", region, words.regionLabel(region.number, bytesOf(region), who(region, answer)));
    for (const entry of xenOnly(answer))
        add("xen", entry, words.xenLabel(bytesOf(entry)));
    for (const one of answer.linux.published)
        add("linux", one, words.linuxLabel(one.size));
    return found.sort((one, other) => one.first < other.first ? -1 : Number(one.first > other.first));
}

/** Return the height of a range: a doubling of its size adds the same. */
function heightOf(first, last) {
    const pages = (last - first + 4096n) >> 12n;
    return Math.min(TALLEST, ROW + 2 * (pages.toString(2).length - 1));
}

function text(x, y, className, content) {
    return drawn("text", { x, y, class: className }, content);
}

/** Return the parts of one box at `y`, from its start, and its height. */
function box({ kind, first, last, label, range }, y) {
    const height = heightOf(first, last);
    const shape = drawn("g", {},
                        drawn("title", {}, `${rangeWords(range)}: ${label}`),
                        drawn("rect", { x: BAR.x, y, width: BAR.width, height, class: `box ${kind}` }),
                        text(BAR.x - 8, y + 4, "address", `0x${first.toString(16)}`),
                        text(LABEL, y + height / 2 + 4, "what", label));
    return { shape, height };
}

function gap(between, y) {
    return drawn("g", {},
                 drawn("path", { d: `M${BAR.x + BAR.width / 2} ${y + 3} v${GAP - 6}`, class: "gap" }),
                 text(LABEL, y + GAP / 2 + 4, "between", words.gap(between)));
}

function draw(found) {
    const parts = [];
    let y = TOP;
    let at = null;
    for (const one of found) {
        if (at !== null && one.first > at) {
            parts.push(gap(one.first - at, y));
            y += GAP;
        }
        const { shape, height } = box(one, y);
        parts.push(shape);
        y += height + (at !== null && one.first < at ? 0 : 2);
        at = at === null || one.last + 1n > at ? one.last + 1n : at;
    }
    parts.push(text(BAR.x - 8, y + 4, "address", `0x${(at - 1n).toString(16)}`));
    return drawn("svg", {
        class: "map", role: "img", height: y + 12, "aria-label": words.PICTURE_NAME(found.length),
    }, parts);
}

export function showPicture(parent, inventory) {
    parent.hidden = inventory === null;
    if (inventory === null)
        return;
    const found = boxes(inventory.answer);
    let content = element("p", {}, words.NOTHING_TO_DRAW);
    if (found.length > MOST)
        content = element("p", {}, words.tooMany(found.length));
    else if (found.length)
        content = element("figure", {}, draw(found), element("figcaption", { class: "subtle" }, words.PICTURE_NOTE));
    replace(parent, heading("picture", words.PICTURE), content);
}
