// Light or dark, as Cockpit's shell does it: the choice of its menu, else that of the browser.

const KEY = "shell:style";
const DARK = window.matchMedia("(prefers-color-scheme: dark)");

// The class of PatternFly 6. The classes of Cockpit's own pages differ by release, and only those
// pages use them.
function apply(chosen) {
    const style = chosen || localStorage.getItem(KEY) || "auto";
    const dark = style === "dark" || (style === "auto" && DARK.matches);
    document.documentElement.classList.toggle("pf-v6-theme-dark", dark);
}

export function followTheme() {
    window.addEventListener("storage", event => {
        if (event.key === KEY)
            apply();
    });
    window.addEventListener("cockpit-style", event => apply(event.detail.style));
    DARK.addEventListener("change", () => apply());
    apply();
}
