(() => {
  "use strict";
  for (const box of document.querySelectorAll(".zoom")) {
    const svg = box.querySelector("svg");
    const tools = box.querySelector(".tools");
    const status = box.querySelector("output");
    const whole = svg.getAttribute("viewBox").split(" ").map(Number);
    let [x, y, w, h] = whole;
    const within = (at, size, most) => Math.min(Math.max(at, 0), most - size);
    const show = () => {
      x = within(x, w, whole[2]);
      y = within(y, h, whole[3]);
      svg.setAttribute("viewBox", [x, y, w, h].join(" "));
      const times = whole[2] / w;
      status.textContent = times > 1 ? times.toFixed(1).replace(".0", "") + "\u00d7" : "";
      svg.classList.toggle("close", times > 1);
    };
    const zoom = (factor, cx = x + w / 2, cy = y + h / 2) => {
      const to = Math.min(Math.max(w / factor, whole[2] / 64), whole[2]);
      const part = to / w;
      x = cx - (cx - x) * part;
      y = cy - (cy - y) * part;
      w = to;
      h = whole[3] * to / whole[2];
      show();
    };
    const middle = () => {
      const area = document.activeElement.closest(".area");
      if (!area || !svg.contains(area)) return [x + w / 2, y + h / 2];
      const own = area.getBBox();
      return [own.x + own.width / 2, own.y + own.height / 2];
    };
    const acts = {
      in: () => zoom(1.6, ...middle()),
      out: () => zoom(1 / 1.6, ...middle()),
      whole: () => { [x, y, w, h] = whole; show(); },
    };
    const keys = {
      "+": acts.in, "=": acts.in, "-": acts.out, "0": acts.whole,
      ArrowUp: () => { y -= h / 6; show(); }, ArrowDown: () => { y += h / 6; show(); },
      ArrowLeft: () => { x -= w / 6; show(); }, ArrowRight: () => { x += w / 6; show(); },
    };
    tools.hidden = false;
    for (const button of tools.querySelectorAll("button")) {
      button.addEventListener("click", acts[button.dataset.zoom]);
    }
    box.addEventListener("keydown", (event) => {
      const arrow = event.key.startsWith("Arrow");
      if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
      if (arrow && w === whole[2]) return;
      event.preventDefault();
      keys[event.key]();
    });
    for (const area of svg.querySelectorAll(".area")) {
      area.addEventListener("focus", () => {
        if (w === whole[2]) return;
        const own = area.querySelector(".box").getBBox();
        x = Math.min(x, own.x);
        if (own.y < y || own.y + own.height > y + h) y = own.y + own.height / 2 - h / 2;
        show();
      });
    }
  }

  // Copy buttons. A page that the browser does not trust with the clipboard copies a selection.
  const copied = document.getElementById("copied");
  const copySelected = (shown) => {
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  };
  const copy = async (shown) => {
    try {
      await navigator.clipboard.writeText(shown.textContent);
      return true;
    } catch {
      return copySelected(shown);
    }
  };
  for (const button of document.querySelectorAll(".copy")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(button.parentElement.querySelector("code"));
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      copied.textContent = button.textContent;
      setTimeout(() => { button.textContent = label; copied.textContent = ""; }, 2000);
    });
  }

  // A link to something folded unfolds it.
  const unfold = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    let changed = false;
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS" && !at.open) { at.open = true; changed = true; }
    }
    const own = target.firstElementChild;
    if (own && own.tagName === "DETAILS" && !own.open) { own.open = true; changed = true; }
    if (changed) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // The table of contents marks the section in view.
  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link);
  const mark = (entries) => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      for (const [key, link] of links) {
        if (key === target.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
  };
  const seen = new IntersectionObserver(mark, {rootMargin: "-20% 0px -75% 0px"});
  for (const key of links.keys()) seen.observe(document.getElementById(key));

  // On paper everything is unfolded.
  const folded = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) {
      one.open = true;
      folded.push(one);
    }
  });
  addEventListener("afterprint", () => {
    while (folded.length) folded.pop().open = false;
  });
})();
