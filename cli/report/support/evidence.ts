import { admissionForStack } from "../../../policies/admission/generate";
import { stackFile } from "../../../policies/crossguard/stack-fixtures";
import { loadRules } from "../../../policies/engine/load";
import { fromStackFile, parseStack } from "../../../stacks/load";
import { preflightLimits } from "../../../stacks/preflight";
import type { Evidence } from "../evidence";
import { copies, registerSites } from "../register";
import { ruleResults } from "../rules";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

export const prod = () => parseStack(fromStackFile(stackFile("prod")), "prod");

/** What a report of `prod` might find, where all is as it should be. */
export function evidenceOfProd(changed: Partial<Evidence> = {}): Evidence {
  const stack = prod();
  return {
    version: 1,
    stack: "prod",
    environment: stack.environment,
    locality: { profile: stack.locality.profile, egress: stack.locality.egress },
    at: "2026-12-01T08:15:00.000Z",
    by: "0.1.0",
    deployed: true,
    unknown: [],
    sites: registerSites(stack),
    nodes: stack.nodes.map((node, index) => ({
      name: node.name,
      role: node.role,
      site: node.site.name,
      hypervisor: node.kind === "libvirt" ? node.hypervisor.name : null,
      address: node.address,
      ready: true,
      kubelet: "v1.36.4",
      containerd: "2.4.2",
      kernel: "6.12.57+deb13-cloud-amd64",
      image: "0fea92fdf5b174dd",
      debian: "2026-11-27",
      diskEncryption: "luks",
      measured: {
        fsyncP99Milliseconds: 2 + index,
        writeIops: 900 + 40 * index,
        stealPercent: index / 10,
        memoryMiB: node.memoryMiB,
        cores: node.cores,
      },
    })),
    destinations: stack.destinations,
    administration: stack.administration,
    copies: copies(stack),
    wayIn: { hosts: [{ name: "shop.example.no", namespaces: ["production"] }], addresses: ["10.20.0.15"] },
    git: {
      repository: stack.sync.repository,
      branch: stack.sync.branch,
      path: stack.sync.path,
      host: stack.sync.gitHost.kind,
      head: "e6a539d6".repeat(5),
      applied: `main@sha1:${"e6a539d6".repeat(5)}`,
      readOnlyKey: true,
    },
    registry: { host: stack.registry.host, node: "registry-1", repositories: 13 },
    limits: preflightLimits(stack),
    preview: { verdict: "nothing", reasons: [] },
    rules: ruleResults(loadRules(), stack, {
      preview: undefined,
      review: undefined,
      cluster: admissionForStack(stack),
    }),
    exceptions: [],
    endings: [],
    certificates: [{ of: "the administrator", ends: "2027-11-29T00:00:00.000Z" }],
    software: [
      {
        kind: "package",
        name: "bash",
        version: "5.2.37-2+b5",
        digest: null,
        architecture: "amd64",
        where: ["worker-1"],
      },
      { kind: "program", name: "kubelet", version: "v1.36.4", digest: DIGEST, architecture: null, where: ["worker-1"] },
      {
        kind: "image",
        name: "registry.example.no/payment-service",
        version: null,
        digest: DIGEST,
        architecture: null,
        where: ["production/payment-service-6f2c"],
      },
    ],
    commits: [
      {
        sha: "e6a539d6".repeat(5),
        subject: "Release payment-service",
        author: "Kari",
        date: "2026-11-30T12:00:00+01:00",
      },
    ],
    acts: [
      {
        at: "2026-11-30T02:11:09.000000Z",
        until: "2026-11-30T02:11:09.000000Z",
        times: 1,
        who: "kubernetes-admin",
        as: "kari@example.no",
        with: "kubectl/v1.36.4",
        verb: "patch",
        object: "deployments production/payment-service",
        done: true,
        breakGlass: "kari@example.no: two of three pods hang",
        undone: "2026-11-30T02:20:00.000000Z",
      },
    ],
    actsSince: "2026-11-01T00:00:00.000000Z",
    ...changed,
  };
}
