"""How a report looks: light and dark, narrow and wide, on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c2128; --muted: #57606a; --line: #d0d7de; --soft: #f6f8fa;
  --link: #0b57d0; --ram: #b9d5f2; --ram-text: #10305a; --firmware: #d9ead3; --reserved: #e8eaed; --halo: #eef3f8;
  --region: #c2410c; --xen: #7c3aed; --bad: #b42318; --warn: #8a4b00; --good: #1a6b34;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181d; --text: #e6e9ed; --muted: #a5afba; --line: #3a424c; --soft: #1d232a;
    --link: #8ab4f8; --ram: #23446b; --ram-text: #d6e6fa; --firmware: #2c4030; --reserved: #333a43; --halo: #1d2834;
    --region: #f97316; --xen: #b794f6; --bad: #ff9d94; --warn: #f2b661; --good: #7fd496;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
header, nav, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
footer { color: var(--muted); margin-top: 3rem; }
footer p { border-top: 1px solid var(--line); max-width: none; padding-top: .4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
h4 { font-size: .95rem; margin: 1rem 0 .25rem; }
p { margin: .4rem 0; max-width: 75ch; }
a { color: var(--link); }
code, pre, .address { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
code { font-size: .875em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .25rem .5rem; z-index: 1; }
main:focus { outline: none; }
.lead { font-size: 1.125rem; }
.notice { border-left: 4px solid var(--warn); background: var(--soft); padding: .25rem .9rem;
  margin: .75rem 0; }
dl { margin: .5rem 0; display: grid; grid-template-columns: fit-content(11rem) 1fr;
  gap: .2rem 1rem; }
dl > div { display: contents; }
dt { color: var(--muted); }
dd { margin: 0; max-width: 75ch; }
ul, ol { padding-left: 1.3rem; margin: .4rem 0; }
li { margin: .2rem 0; }
.scroll { overflow-x: auto; }
.scroll, .stack { margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; overflow-wrap: normal; }
caption { text-align: left; color: var(--muted); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0;
  border-bottom: 1px solid var(--line); }
thead th, .short { white-space: nowrap; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0;
  margin: .75rem 0 0; }
.note { color: var(--muted); font-size: .9rem; }
small { color: var(--muted); }
tbody th { font-weight: 600; white-space: nowrap; }
td code, .line { white-space: nowrap; }
.line { display: inline-block; margin-right: .75em; }
pre { overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 4px;
  padding: .6rem .75rem; margin: .4rem 0; overflow-wrap: normal; line-height: 1.4; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; }
details > :not(summary) { padding: 0 .75rem .5rem; }
summary { cursor: pointer; padding: .4rem .75rem; }
.tree, .tree ul { list-style: none; padding-left: .75rem; }
.tree > li > details { margin-left: -.75rem; }
.badge { display: inline-block; border: 1.5px solid currentColor; border-radius: 1em;
  padding: 0 .55em; font-size: .85em; font-weight: 600; line-height: 1.5; white-space: nowrap; }
.is-corrupting { white-space: normal; border-radius: .75em; }
.critical, .error, .can-no, .is-refused, .is-corrupting { color: var(--bad); }
.warning, .can-on-conditions, .is-undecided, .is-warned { color: var(--warn); }
.can-yes, .is-starts { color: var(--good); }
.info, .can-unknown, .can-not-applicable { color: var(--muted); }
.side { display: inline-block; white-space: nowrap; margin-left: .75em; }
.piece { margin-right: .75em; }
ol > li { margin: .6rem 0; }
.finding { border: 1px solid var(--line); border-radius: 6px; padding: .25rem 1rem .5rem;
  margin: 1rem 0; }
.finding h3 { margin-top: .5rem; }
.rule-id { color: var(--muted); margin-top: 0; }
.hits details { border: 0; margin: 0; }
.hits summary { padding: 0; color: var(--muted); font-size: .9em; }
.beside-it { display: grid; gap: 1.5rem; }
.beside-it > * { min-width: 0; }
@media (min-width: 60rem) {
  .beside-it { grid-template-columns: 29rem 1fr; }
}
@media (max-width: 30rem) {
  header, nav, main, footer { padding-left: .75rem; padding-right: .75rem; }
  table { font-size: .82rem; }
  th, td { padding-right: .45rem; }
  .zoom > svg { width: calc(100% + 1rem); margin: 0 -.5rem; }
  .stack, .stack caption, .stack tbody, .stack tr { display: block; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .stack tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  .stack tbody th, .stack td { display: grid; grid-template-columns: 6.5rem 1fr; gap: .5rem;
    border: 0; padding: .1rem 0; }
  .stack tbody th::before, .stack td::before { content: attr(data-column); color: var(--muted);
    font-weight: 400; }
  .stack tbody th, .stack td code { white-space: normal; overflow-wrap: anywhere; }
  .stack .none { display: none; }
}
figure { margin: 0; max-width: 29rem; }
figcaption { color: var(--muted); font-size: .9rem; }
.legend { list-style: none; padding: 0; color: var(--text); }
.legend li { display: flex; align-items: baseline; }
.swatch { flex: none; width: 1.7rem; height: 1rem; vertical-align: -.15rem; margin-right: .5rem; }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin-bottom: .4rem;
  font-size: .85rem; color: var(--muted); }
.tools[hidden] { display: none; }
.tools output { min-width: 2.5em; }
button { font: inherit; color: var(--text); background: var(--soft); border: 1px solid var(--line);
  border-radius: 4px; min-width: 2.2rem; padding: .15rem .6rem; cursor: pointer; }
.map { display: block; width: 100%; height: auto; fill: var(--text); }
.map text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.map .address { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  fill: var(--muted); }
.map .column { font-weight: 600; }
.rule { stroke: var(--line); stroke-width: .5; }
.leader { fill: none; stroke: var(--muted); stroke-width: .7; }
.box { stroke: var(--page); stroke-width: .5; }
.ram { fill: var(--ram); }
.within { fill: var(--ram-text); paint-order: stroke; stroke: var(--halo); stroke-width: 2.5;
  stroke-linejoin: round; }
.reserved { fill: var(--reserved); }
.firmware { fill: var(--firmware); }
.hole, .unknown { fill: none; stroke: var(--muted); stroke-width: .7; stroke-dasharray: 3 2; }
.hatch { stroke: var(--muted); stroke-width: 1; fill: none; }
.dots { fill: var(--muted); }
.region, .odd, .conflict { fill: var(--region); }
.xen, .untold { fill: var(--xen); }
.kept { fill: var(--good); }
.area { cursor: default; outline: none; }
.area:hover .box, .area:focus .box { stroke: var(--link); stroke-width: 2.5; }
.area:hover .beside, .area:focus .beside { font-weight: 700; text-decoration: underline; }
@media print {
  :root { --page: #ffffff; --text: #000000; --muted: #444444; --line: #999999; --soft: #ffffff;
    --link: #000000; --ram: #b9d5f2; --ram-text: #000000; --firmware: #d9ead3;
    --reserved: #e8eaed; --halo: #ffffff; --region: #c2410c; --xen: #7c3aed; --bad: #8c1d13; --warn: #6b3a00;
    --good: #14532d; }
  :root { font-size: 9pt; }
  header, nav, main, footer { max-width: none; padding: 0; }
  .skip, .tools, nav { display: none; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  table { overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  h2, h3, summary { break-after: avoid; }
  tr, li, .notice { break-inside: avoid; }
  svg.map { max-height: 24cm; }
}
"""
