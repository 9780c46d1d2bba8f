import { lock } from "../../artifacts/lock";
import type { Finding } from "../change/cause";
import { nameOf } from "../change/cause";
import type { Change } from "../change/change";
import { lineOf, summary } from "../change/words";
import { renewedBy } from "../status/renewal";
import { isUnknown, optionOf, type Report, slowParts } from "../status/report";
import type { Check } from "./check";

const DAY = 86_400_000;
const IMAGE_DAYS = 30;
const CERTIFICATE_DAYS = 30;

/** What is wrong, old or slow in an environment, from what `status` was told. @param platform faults of its own pods */
export function ofEnvironment(
  report: Report,
  platform: readonly (Finding & { log?: string[] })[],
  now = Date.now(),
): Check[] {
  return [
    ...report.nodes.map((node) => ofNode(report, node, now)),
    ofRegistry(report),
    ofCluster(report),
    ...platform.map(
      ({ stage, object, detail, remedy, log = [] }): Check => ({
        ...{ part: "cluster", state: "wrong", found: `${stage}: ${object ? nameOf(object) : ""}: ${detail}`, remedy },
        ...(log.length > 0 ? { log } : {}),
      }),
    ),
    ...ofIngress(report),
    ...ofMonitoring(report),
    ...report.certificates.map((one) => ofCertificate(report, one, now)),
    ...report.rotating.map(
      (what): Check => ({
        ...{
          part: "credentials",
          state: "advice",
          found: `the rotation of ${what} is not finished: the old one is still taken`,
        },
        remedy: `./grunnmur rotate ${what}${optionOf(report)} --finish`,
      }),
    ),
    ofGit(report),
    ofAgent(report),
    ...(report.change ? ofChange(report, report.change) : []),
  ];
}

function said(report: Report, part: string): string {
  const one = report.unanswered.find((each) => each.part === part);
  if (!one) return "";
  const last = one.lastAnswer ? `; its last answer, at ${one.lastAnswer.at}: ${one.lastAnswer.what}` : "";
  return `: ${one.detail}${last}`;
}

function ofNode(report: Report, node: Report["nodes"][number], now: number): Check {
  const { name, role, ready, kubelet, image, networkPolicies, takesPods } = node;
  const part = `node ${name}`;
  const option = optionOf(report);
  if (!ready) {
    const unknown = isUnknown(report, node);
    return {
      ...{ part, state: unknown ? "unknown" : "wrong", expected: "ready" },
      found: `${unknown ? "slow to answer" : "not ready"}${said(report, part)}`,
      remedy: `a guest that is off: ./grunnmur up${option}; one that is lost: ./grunnmur replace${option} ${name}`,
    };
  }
  if (networkPolicies === false)
    return {
      ...{
        part,
        state: "wrong",
        found: "new connections of its pods wait: its agent of network policies is not ready",
      },
      remedy: "see below what is wrong with that pod",
    };
  if (takesPods === false)
    return {
      ...{ part, state: "advice", found: "takes no new pods", expected: "what nothing else keeps from it, it takes" },
      remedy: `where a run broke off: ./grunnmur up${option}; where somebody told it so: ./grunnmur kubectl${option} uncordon ${name}`,
    };
  const debian = image?.debian ? Math.floor((now - Date.parse(image.debian)) / DAY) : 0;
  const { version } = lock().tools.kubernetes ?? {};
  const older = role !== "registry" && kubelet !== null && version !== undefined && kubelet !== `v${version}`;
  const found = [
    "ready",
    ...(kubelet ? [`kubelet ${kubelet}`] : []),
    ...(image?.debian ? [`Debian of ${image.debian}`] : []),
  ];
  if (debian > IMAGE_DAYS || older)
    return {
      ...{ part, state: "advice", found: found.join(", ") },
      expected: [
        ...(older ? [`v${version}`] : []),
        ...(debian > IMAGE_DAYS ? [`at most ${IMAGE_DAYS} days old`] : []),
      ].join(", "),
      remedy: `./grunnmur upgrade${option} --plan`,
    };
  return { part, state: "good", found: found.join(", ") };
}

function ofRegistry(report: Report): Check {
  const { registry } = report;
  if (registry.ready)
    return { part: "registry", state: "good", found: `answers, ${registry.images ?? "?"} repositories` };
  return {
    ...{
      part: "registry",
      state: slowParts(report).has("registry") ? "unknown" : "wrong",
      expected: "an answer to its reader",
    },
    found: `does not answer${said(report, "registry")}`,
    remedy: `./grunnmur up${optionOf(report)} starts it again; nodes go on with the images that they have`,
  };
}

function ofCluster(report: Report): Check {
  const { cluster } = report;
  if (cluster.ready)
    return { part: "cluster", state: "good", found: `its API answers, Kubernetes ${cluster.version ?? "?"}` };
  return {
    ...{
      part: "cluster",
      state: slowParts(report).has("cluster") ? "unknown" : "wrong",
      expected: "an answer to the administrator",
    },
    found: `its API does not answer${said(report, "cluster")}`,
    remedy: `are its control planes up (above)? ./grunnmur ssh${optionOf(report)} CONTROL-PLANE journalctl -u kubelet -n 50`,
  };
}

function ofIngress(report: Report): Check[] {
  const { ingress } = report;
  if (!ingress) return [];
  const { answering, addresses, hosts, awaited } = ingress;
  const found = `${hosts.join(", ")} answered on ${answering ?? "?"} of ${addresses.length} workers`;
  const certified: Check[] =
    awaited.length === 0
      ? []
      : [
          {
            part: "ingress",
            state: "wrong",
            found: `no certificate of the ACME server's for ${awaited.join(", ")}`,
            expected: "one for each name",
            remedy: `why: ./grunnmur kubectl${optionOf(report)} get events -A --field-selector reason=NoCertificate`,
          },
        ];
  if (answering === addresses.length) return [{ part: "ingress", state: "good", found }, ...certified];
  const state = answering === null ? "unknown" : "wrong";
  return [{ part: "ingress", state, found, expected: "all of them" }, ...certified];
}

function ofMonitoring(report: Report): Check[] {
  const { monitoring } = report;
  if (!monitoring) return [];
  const part = "monitoring";
  const { alerts } = monitoring;
  if (!alerts)
    return [
      {
        ...{ part, state: slowParts(report).has(part) ? "unknown" : "wrong", expected: "an answer of Prometheus" },
        found: `does not answer${said(report, part)}`,
        remedy: `what is wrong with its pod: ./grunnmur kubectl${optionOf(report)} describe pod -n kube-system -l app=prometheus`,
      },
    ];
  if (alerts.length === 0) return [{ part, state: "good", found: "answers, no alerts" }];
  return alerts.map(
    ({ name, severity, summary, remedy }): Check => ({
      ...{ part, state: severity === "critical" ? "wrong" : "advice", found: `${name}: ${summary}`, remedy },
    }),
  );
}

function ofCertificate(report: Report, { of, ends }: Report["certificates"][number], now: number): Check {
  const days = Math.floor((Date.parse(ends) - now) / DAY);
  const found = `that of ${of} ends on ${ends.slice(0, 10)}, in ${days} days`;
  if (days >= CERTIFICATE_DAYS) return { part: "certificates", state: "good", found };
  return {
    ...{
      part: "certificates",
      state: days < 0 ? "wrong" : "advice",
      found,
      expected: `more than ${CERTIFICATE_DAYS} days`,
    },
    remedy: renewedBy(report, of),
  };
}

function ofGit({ change, agent, stack }: Report): Check {
  const option = optionOf({ stack });
  if (!agent.readOnlyKey)
    return {
      ...{ part: "Git", state: "wrong", found: "the cluster's key is not proven to be read-only" },
      remedy: `./grunnmur up${option} tries to push with it, and has to be refused`,
    };
  if (!change || change.unread !== null)
    return {
      ...{ part: "Git", state: "unknown", found: `could not be read from here: ${change?.unread ?? "no stack file"}` },
      ...{ expected: "that your own git may read it", remedy: "the agent's own fetches are told below" },
    };
  const what = change.head === null ? "" : `, its head is ${change.head.slice(0, 8)}`;
  return { part: "Git", state: "good", found: `answers${what}; the cluster's key only reads` };
}

function ofAgent(report: Report): Check {
  const { agent } = report;
  if (slowParts(report).has("agent"))
    return { part: "agent", state: "unknown", found: `slow to answer${said(report, "agent")}` };
  if (!agent.revision)
    return {
      ...{ part: "agent", state: "wrong", found: `has fetched nothing${said(report, "agent")}` },
      remedy: `./grunnmur up${optionOf(report)} sets it up`,
    };
  return {
    part: "agent",
    state: "good",
    found: `fetched ${agent.revision}, applied ${agent.lastApplied ?? "nothing"}`,
  };
}

function ofChange(report: Report, change: Change): Check[] {
  const option = optionOf(report);
  if (change.state === "live") return [{ part: "change", state: "good", found: summary(change) }];
  const behind = change.head !== null && change.head !== change.fetched;
  const first: Check = {
    ...{
      part: "change",
      state: change.state === "stopped" ? "wrong" : change.state === "unknown" ? "unknown" : "advice",
    },
    found: summary(change),
    ...(change.state === "under way"
      ? { remedy: behind ? `--fix tells the agent to look now` : `wait, or ./grunnmur status${option} --watch` }
      : {}),
    ...(change.state === "under way" || change.state === "stopped" ? { fix: "look" as const } : {}),
  };
  return [
    first,
    ...change.causes.map(
      (cause): Check => ({
        // Of a commit that a newer one is about to replace.
        ...{ part: "change", state: change.state === "stopped" ? "wrong" : "advice" },
        ...{ found: lineOf(cause), remedy: cause.remedy },
        ...(cause.log.length > 0 ? { log: cause.log } : {}),
      }),
    ),
  ];
}
