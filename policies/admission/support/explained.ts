import type { Outcome } from "./trial";

/**
 * Where the two gates may differ, and why. In each such case the engine must say the same as the API server as soon as
 * it is given the object that the API server made of the one it was sent.
 */
export const EXPLAINED: readonly Explanation[] = [
  {
    rules: ["cpu-request", "memory-request", "container-size", "limit-request-ratio", "ephemeral-storage-limit"],
    kinds: ["Pod"],
    reason: "in a Pod, though not in a template, the API server fills requests in from limits",
  },
  {
    rules: ["replicas-and-budget"],
    kinds: ["Deployment", "StatefulSet"],
    reason:
      "the API server fills in one replica; the rule takes none for one too, so that only a changed rule shows it",
  },
];

interface Explanation {
  rules: readonly string[];
  kinds: readonly string[];
  reason: string;
}

function explanation(rule: string, kind: unknown): string | undefined {
  return EXPLAINED.find(({ rules, kinds }) => rules.includes(rule) && kinds.includes(String(kind)))?.reason;
}

/** What the rules are told of a stack. */
export const FACTS = {
  environment: "development",
  registry: { host: "registry.local.grunnmur.internal" },
  locality: { profile: "NO" },
  ingress: {
    hosts: [
      { name: "shop.example.no", namespaces: ["shop"] },
      { name: "payment.example.no", namespaces: ["production"] },
      { name: "invoice.example.no", namespaces: ["production"] },
    ],
  },
};

/** What cannot be explained, and a report of the rest. */
export function examine(outcomes: readonly Outcome[], report: (line: string) => void): string[] {
  const faults: string[] = [];
  const tally = new Map<string, number>();
  const count = (line: string) => tally.set(line, (tally.get(line) ?? 0) + 1);
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case "same":
        break;
      case "different":
        faults.push(`${outcome.what}\n    ${outcome.detail}`);
        break;
      case "rewritten":
        if (outcome.words.length > 0) count(`explained: ${outcome.words.join(", ")}: ${WORDS}`);
        for (const rule of outcome.rules) {
          const reason = explanation(rule, outcome.object.kind);
          if (reason) count(`explained: ${rule}: ${reason}`);
          else faults.push(`${outcome.what}\n    only once the API server has filled it in; ${outcome.detail}`);
        }
        break;
      case "refused":
        count("refused by the API server's own validation, before any policy");
        break;
      case "passed over":
        count(`passed over: ${outcome.why}`);
        break;
      default:
        outcome satisfies never;
    }
  }
  for (const [line, times] of tally) report(`${times}x ${line}`);
  return faults;
}

const WORDS = "the same verdict, and the message quotes values as the API server rewrote them, e.g. 500m for 0.5";
