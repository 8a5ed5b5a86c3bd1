# SPDX-License-Identifier: GPL-2.0-only
"""How the page looks, and what its script does where there is JavaScript.

Both are allowed by their hashes alone (Content Security Policy Level 3, clause 6.7.3.3): nothing
that comes from a packet can style or run, and no element has a style of its own.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

MOST_LANES: Final = 6
"""Endpoints of a ladder with a line of their own; others share the last one."""

_STYLE: Final = """
:root{color-scheme:light dark;--fg:#1c2733;--dim:#566676;--bg:#fbfcfd;--panel:#eef2f6;
--line:#cbd5df;--error:#c0212f;--warning:#8a5100;--note:#0b63b8;--good:#1d7a36;--bar:#7d94ab;--mark:#ffd9dc}
@media (prefers-color-scheme:dark){:root{--fg:#d3deea;--dim:#93a5b7;--bg:#0c141d;--panel:#152130;
--line:#2b3f54;--error:#ff6b7a;--warning:#f0b95f;--note:#5ab0f6;--good:#7fd88f;--bar:#5d7891;
--mark:#5c1f2a}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:80rem;background:var(--bg);color:var(--fg);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:0}p{margin:.25rem 0}a{color:var(--note)}
code,pre{font:.875em/1.5 ui-monospace,monospace;unicode-bidi:isolate}code{white-space:pre-wrap}
.dim,dt,figcaption,.axis{color:var(--dim)}
.error{--ink:var(--error)}.warning{--ink:var(--warning)}.note{--ink:var(--note)}
.severity{color:var(--ink);font-weight:600;white-space:nowrap}
.failed{color:var(--error)}.passed{color:var(--good)}
.sums{display:flex;flex-wrap:wrap;gap:.5rem;padding:0;margin:1rem 0;list-style:none}
.sums li{background:var(--panel);border-radius:.4rem;padding:.4rem .8rem;min-width:6rem}
.sums b{display:block;font-size:1.4rem;line-height:1.3;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}dd{margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;overflow-wrap:normal}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600;white-space:nowrap}td code{overflow-wrap:anywhere}
.who{font-size:.8125rem}.who th,.who td{padding:.25rem .4rem}
.who td:first-child{min-width:13rem}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
th[aria-sort=ascending] button::after{content:" ▲"}
th[aria-sort=descending] button::after{content:" ▼"}
.finding,.ladder{border:1px solid var(--line);border-left:.3rem solid var(--ink,var(--line));
border-radius:.3rem;padding:.4rem .8rem;margin:.5rem 0}
.finding header{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline}
.finding .times{margin-left:auto}.bytes{margin:.25rem 0;overflow-x:auto}
mark{background:var(--mark);color:inherit;font-weight:700;text-decoration:underline}
.below{margin:.25rem 0 .25rem .5rem;padding-left:.8rem;border-left:2px solid var(--line)}
.rule{border-top:1px solid var(--line);padding:.5rem 0}
.filter{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}
.filter input[type=search]{font:inherit;flex:1 1 12rem;padding:.25rem .5rem;color:inherit;
background:var(--panel);border:1px solid var(--line);border-radius:.3rem}
[hidden]{display:none!important}
summary{cursor:pointer}.plot{margin:1rem 0}figcaption{margin-bottom:.25rem}
.plot svg{display:block;width:100%;background:var(--panel)}
.bars{height:8rem}.strip{height:.7rem;margin-top:2px}.plot rect{fill:var(--bar)}
.strip rect{fill:var(--ink)}.axis{display:flex;font-size:.8rem;overflow:hidden;
font-variant-numeric:tabular-nums}
.axis span{flex:1 1 0;min-width:0;white-space:nowrap}
.step,.names{display:grid;grid-template-columns:9rem minmax(0,1fr)}
.when{color:var(--dim);font-size:.8rem;font-variant-numeric:tabular-nums;padding-top:.3rem}
.track{display:grid;padding:.15rem 0;background-repeat:no-repeat;background-size:1px 100%;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.heads{display:flex;justify-content:space-between;gap:.5rem;font-weight:600;font-size:.8rem}
.arrow{position:relative;border-bottom:2px solid var(--fg);padding:.15rem 1rem;min-height:1.5rem;
font-size:.85rem;text-align:center}
.arrow.reply{border-bottom-style:dashed}.arrow.again{border-bottom-color:var(--warning)}
.arrow::after{content:"";position:absolute;bottom:-6px;border:5px solid transparent}
.arrow.right::after{right:0;border-left:8px solid var(--fg);border-right:0}
.arrow.left::after{left:0;border-right:8px solid var(--fg);border-left:0}
.arrow.again.right::after{border-left-color:var(--warning)}
.arrow.again.left::after{border-right-color:var(--warning)}
.arrow.own{border:1px solid var(--line);text-align:left}.arrow.own::after{display:none}
.way{color:var(--dim)}.all{grid-column:1/-1}
.said{grid-column:2/-2;margin:.15rem .5rem;padding:.1rem .5rem;font-size:.85rem;
background:var(--panel);border-left:.25rem solid var(--ink,var(--dim))}
.silence{grid-column:2/-2;text-align:center;color:var(--dim);font-size:.8rem}
.warn{color:var(--warning);font-weight:600}
@media (max-width:40rem){body{padding:.6rem}.step,.names{grid-template-columns:minmax(0,1fr)}
.step .when{padding:.3rem 0 0}dl{grid-template-columns:1fr}dd{margin-bottom:.3rem}
.finding .times{margin-left:0}.sums li{flex:1 1 6rem;padding:.3rem .6rem}
.arrow{padding:.15rem .6rem}}
@media print{:root{color-scheme:light;--fg:#000;--dim:#444;--bg:#fff;--panel:#f2f2f2;--line:#bbb;
--error:#a00018;--warning:#7a4700;--note:#0b4f96;--good:#14602a;--bar:#777;--mark:#ffd9dc}
body{max-width:none;padding:0;font-size:.8rem}.filter{display:none}
.wide,.bytes{overflow:visible}th,td{padding:.15rem .3rem;white-space:normal}
.who,.who code{font-size:.65rem}.who th,.who td{padding:.1rem .2rem}
.who td:first-child{min-width:10rem}
summary{list-style:none}h2,h3,summary,.names{break-after:avoid}
tr,.finding,.ladder,.step,.rule,.plot{break-inside:avoid}}
"""


def _lanes(count: int) -> str:
    """The lines of a ladder with so many endpoints, a line each."""
    spans = max(1, count - 1)
    part = f"1rem repeat({spans},minmax(0,1fr)) 1rem"
    places = [f"calc(1rem + (100% - 2rem)*{place}/{spans})" for place in range(count)]
    images = ",".join(["linear-gradient(var(--line),var(--line))"] * count)
    positions = ",".join(f"{place} 0" for place in places)
    lanes = f".p{count}{{grid-template-columns:{part}"
    return f"{lanes};background-image:{images};background-position:{positions}}}"


def _ends() -> str:
    """From which line to which an arrow goes."""
    starts = (f".f{place}{{grid-column-start:{place + 2}}}" for place in range(MOST_LANES))
    ends = (f".t{place}{{grid-column-end:{place + 2}}}" for place in range(MOST_LANES))
    return "".join((*starts, *ends))


STYLE: Final = _STYLE + "\n".join(map(_lanes, range(1, MOST_LANES + 1))) + "\n" + _ends() + "\n"

SCRIPT: Final = """
"use strict";
const all = (query, within = document) => Array.from(within.querySelectorAll(query));
for (const filter of all(".filter")) {
  filter.hidden = false;
  const words = filter.querySelector("[type=search]");
  const shown = filter.querySelector("output");
  const findings = all("article.finding").map(e => [e, e.textContent.toLowerCase()]);
  const apply = () => {
    const wanted = all("[type=checkbox]", filter).filter(e => e.checked).map(e => e.value);
    const text = words.value.toLowerCase();
    let count = 0;
    for (const [finding, told] of findings) {
      const fits = wanted.some(s => finding.classList.contains(s)) && told.includes(text);
      finding.hidden = !fits;
      count += fits;
    }
    shown.textContent = count + " shown";
  };
  filter.addEventListener("input", apply);
}
for (const head of all("table.sorted th")) {
  const column = head.cellIndex;
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    const first = head.className === "n" ? "descending" : "ascending";
    const next = !now ? first : now === "ascending" ? "descending" : "ascending";
    for (const other of all("th", head.parentNode)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", next);
    const body = head.closest("table").tBodies[0];
    const key = row => row.cells[column].textContent;
    const number = row => parseFloat(key(row).replace(/,/g, "")) || 0;
    const less = (a, b) =>
      head.className === "n" ? number(a) - number(b) : key(a).localeCompare(key(b));
    const sign = next === "descending" ? -1 : 1;
    body.append(...Array.from(body.rows).sort((a, b) => sign * less(a, b)));
  });
}
const open = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const closed = target && target.closest("details");
  if (closed) { closed.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", open);
open();
addEventListener("beforeprint", () => all("details").forEach(e => { e.open = true; }));
"""


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


POLICY: Final = (
    f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)}; "
    "base-uri 'none'; form-action 'none'"
)
"""For the meta element Content-Security-Policy."""
