import { lineOf, summary } from "../change/words";
import { colours } from "../terminal/colour";
import { duration } from "../terminal/duration";
import { table } from "../terminal/table";
import { renewedBy } from "./renewal";
import { type Alert, exitCode, isUnknown, notReady, optionOf, type Report, slowParts } from "./report";

/** The report for a person: tables, then what is not ready. */
export function render(report: Report, stream: { isTTY?: boolean; columns?: number }): string {
  const { green, red, bold } = colours(stream);
  const slow = slowParts(report);
  const mark = (ready: boolean, unknown: boolean): string =>
    ready ? green("ready") : unknown ? bold("slow to answer") : red("not ready");
  const { nodes, registry, cluster, ingress, monitoring, agent, workloads } = report;
  const problems = notReady(report);
  return [
    ...table(
      [bold("node"), "role", "site", "address", "kubelet", "state"],
      nodes.map((node) => [
        ...[node.name, node.role, node.site, node.address, node.kubelet ?? "-"],
        mark(node.ready, isUnknown(report, node)) + (node.takesPods === false ? bold(", takes no new pods") : ""),
      ]),
      stream,
    ),
    "",
    ...table(
      [bold("part"), "state", "what"],
      [
        [
          "registry",
          mark(registry.ready, slow.has("registry")),
          `${registry.address ?? "-"}, ${registry.images ?? "?"} repositories`,
        ],
        ["cluster", mark(cluster.ready, slow.has("cluster")), `Kubernetes ${cluster.version ?? "-"}`],
        ...(ingress
          ? [
              [
                "ingress",
                mark(ingress.answering === ingress.addresses.length, ingress.answering === null),
                `${ingress.hosts.join(", ")} at ${ingress.addresses.join(", ")}`,
              ],
            ]
          : []),
        ...(monitoring
          ? [
              [
                "monitoring",
                mark(monitoring.alerts !== null, slow.has("monitoring")),
                monitoring.alerts ? counted(monitoring.alerts.length) : "-",
              ],
            ]
          : []),
        [
          "agent",
          mark(agent.ready, slow.has("agent")),
          `${agent.lastApplied ?? "-"}, key ${agent.readOnlyKey ? "read-only" : "not proven"}`,
        ],
      ],
      stream,
    ),
    "",
    ...table(
      [bold("workload"), "pods", "image"],
      workloads.map((w) => [`${w.namespace}/${w.name}`, `${w.ready}/${w.desired}`, w.image]),
      stream,
    ),
    "",
    ...(monitoring?.alerts ?? []).flatMap(alert),
    ...changed(report),
    ...uncertified(report),
    ...nextEnd(report),
    ...oldImages(report),
    ...report.rotating.map(
      (what) => `The rotation of ${what} is not finished: ./grunnmur rotate ${what}${optionOf(report)} --finish`,
    ),
    ...report.unanswered.map(unanswered),
    ...wayOut(report),
    exitCode(report) === 3
      ? bold(`${report.stack} is slow to answer, and nothing is known to be wrong: ask again`)
      : problems.length === 0
        ? green(`${report.stack} is ready`)
        : red(`${report.stack} is not ready: ${problems.join("; ")}`),
  ].join("\n");
}

const counted = (alerts: number): string => (alerts === 1 ? "1 alert" : `${alerts || "no"} alerts`);

function alert({ severity, name, since, summary, remedy }: Alert): string[] {
  return [`Alert ${name} (${severity}, for ${age(since)}): ${summary}`, `  ${remedy}`];
}

/** What is live of what is in Git, and what stands in the way of the rest. */
function changed({ stack, change }: Report): string[] {
  if (!change) return [];
  const more = change.causes.length > 0 ? [`What to do about it: ./grunnmur doctor${optionOf({ stack })}`] : [];
  return [`Git: ${summary(change)}`, ...change.causes.map((cause) => `  ${lineOf(cause)}`), ...more];
}

const SAID = { slow: "is slow to answer", dead: "is dead", refused: "refuses" };

function unanswered({ part, state, detail, lastAnswer }: Report["unanswered"][number]): string {
  const last = lastAnswer ? `; last answer ${age(lastAnswer.at)} ago: ${lastAnswer.what}` : "";
  return `${part} ${SAID[state]}: ${detail}${last}`;
}

const DAY = 86_400_000;

/** Why the server gave none stands beside the Ingress, where the team looks that wrote it. */
function uncertified({ stack, ingress }: Report): string[] {
  if (!ingress?.awaited.length) return [];
  const why = `./grunnmur kubectl${optionOf({ stack })} get events -A --field-selector reason=NoCertificate`;
  return [`Visitors of ${ingress.awaited.join(", ")} are shown a certificate that they do not know. Why: ${why}`];
}

/** Renewed in time, by the control planes themselves and by `up`, the next end is months away. */
function nextEnd(report: Report): string[] {
  const [next] = report.certificates;
  if (!next) return [];
  const days = Math.floor((Date.parse(next.ends) - Date.now()) / DAY);
  const said = `The next certificate to end is that of ${next.of}, on ${next.ends.slice(0, 10)}`;
  if (days >= 60) return [said];
  return [`${said}, in ${days} days: ${renewedBy(report, next.of)}`];
}

/** Security updates come with another image, and with nothing else. */
function oldImages({ stack, nodes }: Report): string[] {
  const days = (debian: string): number => Math.floor((Date.now() - Date.parse(debian)) / DAY);
  const old = nodes.flatMap(({ name, image }) =>
    image?.debian && days(image.debian) > 30 ? [`${name} (${days(image.debian)} days)`] : [],
  );
  if (old.length === 0) return [];
  const option = optionOf({ stack });
  return [`Debian's packages are older than 30 days on ${old.join(", ")}: ./grunnmur upgrade${option} --plan`];
}

/** What helps where nodes are dead. */
function wayOut({ stack, nodes, unanswered }: Report): string[] {
  const dead = nodes.filter(({ name }) =>
    unanswered.some(({ part, state }) => part === `node ${name}` && state === "dead"),
  );
  if (dead.length === 0) return [];
  const option = optionOf({ stack });
  const names = dead.map(({ name }) => name).join(" ");
  return [
    `A guest that is off is started by ./grunnmur up${option}, one that is lost made anew by ./grunnmur replace${option} ${names}`,
  ];
}

const age = (at: string): string => duration(Math.max(0, (Date.now() - Date.parse(at)) / 1000));
