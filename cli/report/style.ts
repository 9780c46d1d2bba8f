/** Of the page: light and dark as the reader's machine is, narrow and wide, and on paper. Nothing is told by colour alone. */
export const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2127, #e3e8ee); --dim: light-dark(#57606a, #9aa5b1);
  --line: light-dark(#cfd6dd, #3d444d); --shade: light-dark(#f4f6f8, #1c2229); --page: light-dark(#fff, #12161b);
  --accent: light-dark(#0b5cad, #6cb2f5); --good: light-dark(#1a7f37, #5fc27e); --bad: light-dark(#b3261e, #ff8a80);
  --open: light-dark(#8a5a00, #e3b341); }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 64rem; margin: 0 auto;
  padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; margin-bottom: .25rem; }
h2 { border-bottom: 1px solid var(--line); padding-bottom: .3rem; margin-top: 2.5rem; }
h3 { margin: 1.75rem 0 .5rem; }
p.lead, .dim { color: var(--dim); }
nav ul { columns: 14rem; padding-left: 1.2rem; }
a { color: var(--accent); }
dl { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: .25rem 1rem; }
dt { color: var(--dim); } dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; overflow-wrap: normal; }
th { text-align: left; background: var(--shade); }
th, td { border: 1px solid var(--line); padding: .3rem .55rem; vertical-align: top; }
td.long { min-width: 14rem; overflow-wrap: anywhere; } td.short { white-space: nowrap; } code { font-size: .9em; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .open { color: var(--open); }
.note { border-left: 4px solid var(--open); background: var(--shade); padding: .5rem 1rem; margin: 1rem 0; }
.note ul { margin: .25rem 0; padding-left: 1.2rem; }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; margin: .25rem 0; }
svg { display: block; width: 100%; height: auto; min-width: 36rem; font: 14px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .strong { font-weight: 600; } svg .small { font-size: 13px; } svg .tiny { font-size: 11px; fill: var(--dim); }
svg .country { font-weight: 700; fill: var(--accent); }
svg rect { fill: none; stroke: var(--line); } svg rect.site { fill: var(--shade); } svg rect.outside { stroke-dasharray: 5 3; }
svg rect.hypervisor { fill: var(--page); } svg rect.node { stroke: var(--dim); } svg rect.node.ready { stroke: var(--good); }
svg rect.node.broken { stroke: var(--bad); stroke-width: 2; } svg rect.node.unknown { stroke-dasharray: 3 2; }
svg .flow { fill: none; stroke: var(--dim); } svg .head { fill: var(--dim); }
svg rect.bar { fill: var(--accent); stroke: none; } svg .limit { stroke: var(--bad); stroke-dasharray: 4 3; }
@media (max-width: 40rem) { body { font-size: 15px; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; }
  a { color: inherit; text-decoration: none; } h2, h3 { break-after: avoid; } tr, figure, .note { break-inside: avoid; } thead { display: table-header-group; }
  .wide { overflow: visible; } svg { min-width: 0; } svg.topology { max-height: 225mm; } table { font-size: 8.5pt; } td.long { min-width: 0; } td.short:not(:first-child) { white-space: normal; } @page { margin: 15mm; } }
`;
