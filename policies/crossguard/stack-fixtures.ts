import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";

type Edit = [path: (string | number)[], value: unknown];

/** A shipped stack with some values changed, which one rule refuses. */
export interface StackFixture {
  edits: Edit[];
  /** Where Pulumi keeps the state, as the program that runs it says. */
  state?: { backend: string; secretsProvider: string };
  /** What a program of the reader's own applies beside the platform, where the stack alone breaks nothing. */
  applies?: { apiVersion: string; kind: string }[];
  /** The resource and the value that the message names. */
  says: RegExp;
}

export const STATE = { backend: "file:///srv/state", secretsProvider: "passphrase" };
const ROOT = join(__dirname, "..", "..");

/** By the rule that refuses it; all are `prod` with changes. */
export const STACK_FIXTURES: Record<string, StackFixture> = {
  "control-plane-size": { edits: [[["nodes", 1, "memoryMiB"], 1024]], says: /control-1 has 1024 MiB/ },
  "hypervisor-not-overcommitted": { edits: [[["hypervisors", 0, "memoryMiB"], 30000]], says: /kvm-1 has 30000 MiB/ },
  "requests-fit-nodes": {
    edits: [],
    applies: [workload({ replicas: 40, memory: "4Gi" })],
    says: /the requests in Git come to 163840Mi of memory, and the 3 workers have 97404Mi/,
  },
  "site-in-profile": { edits: [[["hypervisors", 1, "site"], "fra-1"]], says: /kvm-2.*DE/ },
  "registry-beside-nodes": { edits: [[["hypervisors", 1, "site"], "osl-2"]], says: /osl-2/ },
  "operator-in-profile": {
    edits: [
      [["locality", "profile"], "EEA"],
      ...[0, 1, 2].map((index): Edit => [["hypervisors", index, "site"], "dub-1"]),
    ],
    says: /US/,
  },
  "destination-registered": { edits: [[["destinations", 0, "expires"], "2020-01-01"]], says: /2020-01-01/ },
  "node-services-in-profile": { edits: [[["network", "dnsServers"], ["8.8.8.8"]]], says: /8\.8\.8\.8/ },
  "administration-declared": { edits: [[["administration"], []]], says: /administer/ },
  "egress-enforced": { edits: [[["locality", "egress"], "observe"]], says: /nodes only observe/ },
  "disks-encrypted": { edits: [[["hypervisors", 0, "diskEncryption"], "none"]], says: /kvm-1 are stated as none/ },
  "stack-backup-in-profile": {
    edits: [[["backups"], [{ of: "etcd", host: "203.0.113.9", retentionDays: 30, encrypted: true }]]],
    says: /copies of etcd lie on 203\.0\.113\.9/,
  },
  "state-backend-in-profile": {
    edits: [],
    state: { backend: "https://api.example.com", secretsProvider: "service" },
    says: /example\.com/,
  },
};

/** The text of a shipped stack file with the changes made. */
export function stackFile(stack: string, edits: Edit[] = []): string {
  const document = parseDocument(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8"));
  for (const [[first = "", ...more], value] of edits) document.setIn(["config", `grunnmur:${first}`, ...more], value);
  return String(document);
}

function workload({ replicas, memory }: { replicas: number; memory: string }) {
  const image = `registry.example.no/batch:${"0".repeat(40)}`;
  const resources = {
    requests: { cpu: "100m", memory, "ephemeral-storage": "1Gi" },
    limits: { cpu: "200m", memory, "ephemeral-storage": "1Gi" },
  };
  const template = {
    metadata: { labels: { app: "batch" } },
    spec: { containers: [{ name: "app", image, resources }] },
  };
  const spec = { replicas, selector: { matchLabels: { app: "batch" } }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "batch", namespace: "production" }, spec };
}
