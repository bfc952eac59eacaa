/** Style sheet of the card's page. */
export const CARD_STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1b1f, #e6e6ea); --ground: light-dark(#fff, #17171b); --faint: light-dark(#e4e4ea, #33333b); --first: light-dark(#b8430f, #ff9a5c); --second: light-dark(#2563a8, #7db4f5); --bad: light-dark(#a01010, #ff8080); }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1200px; margin: 0 auto; padding: 16px; }
h1 { font-size: 24px; margin: 8px 0; } h2 { font-size: 19px; margin: 28px 0 8px; } h3 { font-size: 16px; margin: 20px 0 2px; }
p { margin: 4px 0; max-width: 90ch; } .small { font-size: 13px; }
.warning { border-left: 4px solid var(--bad); padding: 4px 10px; margin: 8px 0; }
.wide { overflow-x: auto; margin: 14px 0; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 8px; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th { vertical-align: bottom; white-space: normal; } th:first-child, td:first-child { text-align: left; }
a { color: inherit; } tr.null { font-style: italic; } tr.fails td:nth-child(4) { color: var(--bad); font-weight: 600; }
.bar { width: 90px; height: 10px; display: block; } .bar .ground { fill: var(--faint); } .bar .value { fill: var(--second); } .bar .null { fill: var(--first); }
.pictures { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0; } .pictures img { width: 400px; max-width: 100%; image-rendering: pixelated; }
.plots { display: flex; flex-wrap: wrap; gap: 8px; } figure { margin: 0; } figcaption { font-size: 12px; text-align: center; }
.plot { width: 220px; height: 120px; } .plot text { font-size: 10px; fill: var(--ink); } .plot .axes { stroke: var(--ink); fill: none; stroke-width: 0.6; }
polyline { fill: none; stroke-width: 1.6; } .most { stroke: var(--first); } .least { stroke: var(--second); stroke-dasharray: 4 2; }
section { break-inside: avoid; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 11px; } table { font-size: 8.5px; } th, td { padding: 2px 3px; } .bar { width: 40px; } .wide { overflow: visible; } .pictures img { width: 45%; } }
`;
