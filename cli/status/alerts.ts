import { z } from "zod";
import { plain } from "../terminal/plain";
import type { KubeApi } from "./kube-api";
import type { Look } from "./look";
import type { Alert } from "./report";

/** What Prometheus answers, as its API's documentation says. */
const answer = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
        state: z.string(),
        activeAt: z.string(),
      }),
    ),
  }),
});

const PROMETHEUS = "/api/v1/namespaces/kube-system/services/prometheus:9090/proxy";
const WORST_FIRST = ["critical", "warning"];

/** What fires, the worst first, asked of Prometheus through the API server. */
export async function lookAtAlerts(api: Promise<KubeApi>): Promise<Look<Alert[]>> {
  try {
    const look = await (await api)<unknown>(`${PROMETHEUS}/api/v1/alerts`);
    // By this the API server says that nobody is behind the name.
    if (look.state === "slow" && look.detail.startsWith("it answers 503")) return { ...look, state: "dead" };
    if (look.state !== "answered") return look;
    if (look.value === undefined) return { state: "dead", detail: "the cluster has none" };
    const { alerts } = answer.parse(look.value).data;
    const firing = alerts.filter(({ state, labels }) => state === "firing" && labels.severity !== "none");
    return { state: "answered", value: firing.map(alertOf).sort(worstFirst) };
  } catch (error) {
    return { state: "refused", detail: plain((error as Error).message) };
  }
}

/** Tenants' names stand in it. */
function alertOf({ labels, annotations, activeAt }: z.infer<typeof answer>["data"]["alerts"][number]): Alert {
  return {
    name: plain(labels.alertname ?? "?"),
    severity: labels.severity === "critical" ? "critical" : "warning",
    since: activeAt,
    summary: plain(annotations.summary ?? ""),
    remedy: plain(annotations.remedy ?? ""),
  };
}

const worstFirst = (a: Alert, b: Alert): number =>
  WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity) ||
  a.name.localeCompare(b.name) ||
  a.summary.localeCompare(b.summary);
