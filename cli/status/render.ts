import { colours } from "../terminal/colour";
import { table } from "../terminal/table";
import { notReady, type Report } from "./report";

/** The report for a person: tables, then what is not ready. */
export function render(report: Report, stream: { isTTY?: boolean }): string {
  const { green, red, bold } = colours(stream);
  const mark = (ready: boolean): string => (ready ? green("ready") : red("not ready"));
  const { nodes, registry, cluster, agent, workloads } = report;
  const problems = notReady(report);
  return [
    ...table(
      [bold("node"), "role", "site", "address", "state"],
      nodes.map((node) => [node.name, node.role, node.site, node.address, mark(node.ready)]),
    ),
    "",
    ...table(
      [bold("part"), "state", "what"],
      [
        ["registry", mark(registry.ready), `${registry.address ?? "-"}, ${registry.images ?? "?"} repositories`],
        ["cluster", mark(cluster.ready), `Kubernetes ${cluster.version ?? "-"}`],
        [
          "agent",
          mark(agent.ready),
          `${agent.lastApplied ?? "-"}, key ${agent.readOnlyKey ? "read-only" : "not proven"}`,
        ],
      ],
    ),
    "",
    ...table(
      [bold("workload"), "pods", "image"],
      workloads.map((w) => [`${w.namespace}/${w.name}`, `${w.ready}/${w.desired}`, w.image]),
    ),
    "",
    problems.length === 0
      ? green(`${report.stack} is ready`)
      : red(`${report.stack} is not ready: ${problems.join("; ")}`),
  ].join("\n");
}
