import type { Evidence, ReportedNode } from "./evidence";
import { type Markup, markup } from "./markup";

/**
 * The environment as a picture: at the left who reaches in, in the middle sites, hypervisors and nodes, at the right whom it
 * reaches. Arrows point to whom is asked; each end outside bears its country.
 */
export function topology(evidence: Evidence): Markup {
  const left = reachingIn(evidence);
  const right = reachedOut(evidence);
  const middle = sitesBox(evidence);
  const height = Math.max(middle.height, stackHeight(left), stackHeight(right)) + 2 * EDGE;
  const inner = inside(evidence, middle.rows);
  const fetched = evidence.git.host === "registry-node" ? "images, and of Git's commits by the agent" : "images";
  return markup`<figure><div class="wide"><svg class="topology" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${spoken(evidence)}">
<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" class="head"/></marker></defs>
${middle.drawn}${inner}
${outsides(left, 0, (y) => arrow(SIDE, y, MIDDLE, Math.min(y, middle.height + EDGE - 12)))}
${outsides(right, WIDTH - SIDE, (y) => arrow(MIDDLE + CENTRE, Math.min(y, middle.height + EDGE - 12), WIDTH - SIDE, y))}
</svg></div><figcaption class="dim">Arrows point to whom is asked. Those within are of ${fetched}: all nodes ask the registry's node. Letters are countries.</figcaption></figure>`;
}

const WIDTH = 1000;
const SIDE = 240;
const MIDDLE = 300;
const CENTRE = 400;
const NODE = 318;
const EDGE = 8;
const ROW = 30;
const OUTSIDE = 62;

interface Outside {
  title: string;
  what: string;
  country: string | null;
}

function reachingIn({ administration, wayIn }: Evidence): Outside[] {
  return [
    ...administration.map(({ who, country }) => ({ title: who, what: "administers: API, SSH", country })),
    ...(wayIn
      ? [{ title: wayIn.hosts.map(({ name }) => name).join(", "), what: "from outside, by HTTPS", country: null }]
      : []),
  ];
}

function reachedOut({ destinations, copies, git }: Evidence): Outside[] {
  return [
    ...(git.host === "registry-node"
      ? []
      : [{ title: "Git", what: `${git.host}: the agent pulls`, country: countryOf(git.repository, destinations) }]),
    ...destinations.map(({ host, country, ports }) => ({
      title: host,
      what: ports.length > 0 ? ports.join(", ") : "any port",
      country,
    })),
    ...copies.map(({ of, host, country }) => ({ title: host, what: `copies of ${of}`, country })),
  ];
}

const countryOf = (repository: string, destinations: Evidence["destinations"]): string | null =>
  destinations.find(({ host }) => repository.includes(host))?.country ?? null;

const stackHeight = (all: readonly Outside[]): number => all.length * (OUTSIDE + EDGE);

function outsides(all: readonly Outside[], x: number, line: (y: number) => Markup): Markup[] {
  return all.map(({ title, what, country }, index) => {
    const y = EDGE + index * (OUTSIDE + EDGE);
    return markup`<g><rect x="${x + 1}" y="${y}" width="${SIDE - 2}" height="${OUTSIDE}" rx="6" class="outside"/>
<text x="${x + 12}" y="${y + 25}" class="strong">${cut(title, 20)}</text><text x="${x + 12}" y="${y + 46}" class="small">${cut(what, 27)}</text>
<text x="${x + SIDE - 12}" y="${y + 25}" class="country" text-anchor="end">${country ?? ""}</text>${line(y + OUTSIDE / 2)}</g>`;
  });
}

interface Rows {
  /** Where each node stands, by its name: the middle of its right edge. */
  [node: string]: number;
}

function sitesBox({ sites, nodes }: Evidence): { drawn: Markup[]; height: number; rows: Rows } {
  const drawn: Markup[] = [];
  const rows: Rows = {};
  let y = EDGE;
  for (const site of sites) {
    const top = y;
    const inside: Markup[] = [];
    y += 34;
    const here = nodes.filter((node) => node.site === site.name);
    const groups = [...new Set(here.map(({ hypervisor }) => hypervisor))];
    for (const hypervisor of groups) {
      const members = here.filter((node) => node.hypervisor === hypervisor);
      const head = hypervisor === null ? "machines that exist already" : `hypervisor ${hypervisor}`;
      const height = 28 + members.length * ROW + 6;
      inside.push(markup`<rect x="${MIDDLE + 12}" y="${y}" width="${CENTRE - 24}" height="${height}" rx="5" class="hypervisor"/>
<text x="${MIDDLE + 24}" y="${y + 19}" class="small">${cut(head, 44)}</text>`);
      members.forEach((node, index) => {
        const at = y + 28 + index * ROW;
        rows[node.name] = at + ROW / 2 - 2;
        inside.push(nodeBox(node, at));
      });
      y += height + 8;
    }
    const height = y - top + 4;
    const where = `${site.name}, ${site.city}`;
    drawn.push(markup`<g><rect x="${MIDDLE}" y="${top}" width="${CENTRE}" height="${height}" rx="8" class="site"/>
<text x="${MIDDLE + 12}" y="${top + 22}" class="strong">${cut(where, 34)}</text>
<text x="${MIDDLE + CENTRE - 12}" y="${top + 22}" class="country" text-anchor="end">${site.country}</text>${inside}</g>`);
    y = top + height + EDGE;
  }
  return { drawn, height: y, rows };
}

function nodeBox({ name, role, address, ready }: ReportedNode, y: number): Markup {
  const x = MIDDLE + 22;
  const state = ready === null ? "unknown" : ready ? "ready" : "broken";
  return markup`<g><rect x="${x}" y="${y}" width="${NODE}" height="${ROW - 4}" rx="4" class="node ${state}"/>
<text x="${x + 9}" y="${y + 18}" class="small strong">${cut(name, 16)}</text><text x="${x + 130}" y="${y + 18}" class="small">${role}</text>
<text x="${x + NODE - 9}" y="${y + 18}" class="small" text-anchor="end">${address}</text></g>`;
}

/** Within the environment: the first node of each role stands for all of it. */
function inside({ nodes }: Evidence, rows: Rows): Markup[] {
  const first = (role: string): number | undefined => rows[nodes.find((node) => node.role === role)?.name ?? ""];
  const [registry, control, worker] = [first("registry"), first("control-plane"), first("worker")];
  const x = MIDDLE + 22 + NODE;
  const bow = (from: number | undefined, to: number | undefined, wide: number): Markup[] =>
    from === undefined || to === undefined
      ? []
      : [
          markup`<path d="M${x} ${from} C${x + wide} ${from} ${x + wide} ${to} ${x} ${to}" class="flow" marker-end="url(#head)"/>`,
        ];
  return [...bow(control, registry, 24), ...bow(worker, registry, 54)];
}

const arrow = (x1: number, y1: number, x2: number, y2: number): Markup =>
  markup`<path d="M${x1} ${y1}L${x2} ${y2}" class="flow" marker-end="url(#head)"/>`;

const cut = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters - 1)}…` : text;

/** What the picture shows, for who does not see it. */
function spoken({ sites, nodes, destinations, administration }: Evidence): string {
  const at = sites.map(({ name, country }) => `${name} in ${country}`).join(", ");
  return `${nodes.length} nodes at ${at}; ${administration.length} administer, ${destinations.length} destinations are declared. The tables below say the same.`;
}
