import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { versionsInALine } from "../../artifacts/versions";
import { atWhomAnswers } from "../../lib/answering";
import { repositoryPath } from "../../lib/places";
import type { AdmissionObject } from "../../policies/admission/generate";
import { check } from "../../policies/check/check";
import type { CheckReport } from "../../policies/check/report";
import { loadRules } from "../../policies/engine/load";
import { preflightLimits } from "../../stacks/preflight";
import type { Stack } from "../../stacks/stack";
import type { Commit } from "../change/cause";
import type { List, Pod } from "../change/observed";
import { withRepository } from "../change/repository";
import { manifestReader } from "../here/manifest-reader";
import { withNodes } from "../here/nodes";
import { prepareForPreview } from "../here/preparation";
import type { Outputs } from "../pulumi/outputs";
import { ensureStack } from "../pulumi/pulumi";
import { requireStackFile, stackFilePath } from "../pulumi/stack-file";
import { stateFacts } from "../pulumi/state-facts";
import { ending, endings } from "../review/endings";
import { previewed, today } from "../review/previewed";
import type { Review } from "../review/review";
import { collect, limitHere } from "../status/collect";
import { kubeApi } from "../status/kube-api";
import type { Report } from "../status/report";
import { plain } from "../terminal/plain";
import type { Evidence, ReportedNode } from "./evidence";
import { actsOf, auditLines } from "./history";
import { copies, registerSites } from "./register";
import { ruleResults } from "./rules";
import { imagesOf, programsOf } from "./software";

/** Called as something begins that takes a while. */
export type Tell = (what: string) => void;

/**
 * All that can be established of an environment, from its stack file, its state, its cluster, its nodes and Git. What cannot be is
 * said in `unknown`; it never throws for that. Nothing is changed anywhere.
 *
 * @param outputs undefined where nothing is deployed
 */
export async function gather(stack: Stack, outputs: Outputs | undefined, tell: Tell): Promise<Evidence> {
  const unknown: Evidence["unknown"] = [];
  const established = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      unknown.push({ what, why: plain((error as Error).message) });
      return undefined;
    }
  };
  const rules = loadRules();
  const nothing = async (): Promise<undefined> => undefined;
  const up = <T>(what: string, work: (outputs: Outputs) => Promise<T>) =>
    outputs ? established(what, () => work(outputs)) : nothing();
  if (!outputs) unknown.push({ what: "what runs", why: `${stack.name} has not been created: nothing of it runs` });
  tell("previewing the stack file with the policies");
  const preview = await established("what a preview says", () => previewOf(stack));
  tell("asking the registry, the cluster, Git and each node");
  const [report, git, cluster, nodes] = await Promise.all([
    up("how the environment is", (known) => collect(stack.name, known, limitHere())),
    up("what is in Git", (known) => inGit(stack, known)),
    up("what the cluster has", inCluster),
    up("what is on the nodes", (known) => onNodes(known, established)),
  ]);
  for (const { part, detail } of report?.unanswered ?? []) unknown.push({ what: part, why: detail });
  const versions = (node: string, program: string): string | null => {
    if (program === "containerd") return cluster?.runtimes.get(node) ?? null;
    return program === "kubelet" ? (report?.nodes.find(({ name }) => name === node)?.kubelet ?? null) : null;
  };
  const admission = cluster && [...cluster.policies, ...cluster.bindings];
  // What was read of the repository is not all that it holds, so no rule is kept there for certain.
  const unread = git?.unread;
  if (unread) unknown.push({ what: "the rules in review", why: plain(unread) });
  if (preview && !preview.whole) unknown.push({ what: "the rules at preview", why: preview.reasons.join("; ") });
  const exceptions = (git?.review.exceptions ?? []).map(({ rule, kind, namespace, name, exception }) => ({
    rule,
    object: `${kind} ${namespace ? `${namespace}/` : ""}${name}`,
    reason: exception.reason,
    who: exception.who,
    until: exception.until,
  }));
  return {
    version: 1,
    stack: stack.name,
    environment: stack.environment,
    locality: { profile: stack.locality.profile, egress: stack.locality.egress },
    at: new Date().toISOString(),
    by: versionsInALine().split(",")[0]?.replace("grunnmur ", "") ?? "",
    deployed: outputs !== undefined,
    unknown,
    sites: registerSites(stack),
    nodes: stack.nodes.map((node) => nodeOf(node, outputs, report, cluster?.runtimes)),
    destinations: stack.destinations,
    administration: stack.administration,
    copies: copies(stack),
    wayIn:
      stack.ingress.hosts.length > 0
        ? { hosts: stack.ingress.hosts, addresses: outputs?.ingress?.addresses ?? [] }
        : null,
    git: {
      repository: stack.sync.repository,
      branch: stack.sync.branch,
      path: stack.sync.path,
      host: stack.sync.gitHost.kind,
      head: git?.head ?? null,
      applied: report?.agent.lastApplied ?? null,
      readOnlyKey: report?.agent.readOnlyKey ?? null,
    },
    registry: {
      host: stack.registry.host,
      node: stack.nodes.find(({ role }) => role === "registry")?.name ?? "",
      repositories: report?.registry.images ?? null,
    },
    limits: preflightLimits(stack),
    preview: preview ? { verdict: preview.verdict, reasons: preview.reasons } : null,
    rules: ruleResults(rules, stack, { preview, review: unread ? undefined : git?.review, cluster: admission }),
    exceptions,
    endings: [
      ...(preview?.endings ?? endings(stack, {}, today())),
      ...ending(
        exceptions.map(({ rule, object, until }) => ({ what: `exception from ${rule} for ${object}`, on: until })),
        today(),
      ),
    ].sort((a, b) => a.days - b.days),
    certificates: report?.certificates ?? [],
    software: [...programsOf(nodes?.printed ?? new Map(), versions), ...imagesOf(cluster?.pods ?? [])],
    commits: git?.commits ?? [],
    acts: nodes?.acts ?? null,
    actsSince: nodes?.since ?? null,
  };
}

async function previewOf(stack: Stack): Promise<Review> {
  await prepareForPreview();
  await ensureStack(stack.name);
  const { review } = await previewed(stack, requireStackFile(stack.name), [], {}, "capture");
  return review();
}

/** The last commit, judged as a review judges it, and those before it. */
async function inGit(
  stack: Stack,
  outputs: Outputs,
): Promise<{ head: string; commits: Commit[]; review: CheckReport; unread: string | undefined }> {
  const reader = await manifestReader();
  return withRepository(stack, outputs, limitHere(), async (repository) => {
    const root = await repository.files();
    const commits = await repository.history();
    const review = check({
      paths: [join(root, stack.sync.path)],
      rules: loadRules(),
      today: today(),
      reader,
      stack: {
        values: { ...stack, state: stateFacts(stack.name) },
        file: stackFilePath(stack.name),
        text: requireStackFile(stack.name),
      },
    });
    const [first] = review.unread;
    const unread = first && `${relative(root, resolve(first.file))}: ${first.reason}`;
    return { head: commits[0]?.sha ?? "", commits, review, unread };
  });
}

interface NodeInfo {
  metadata: { name: string };
  status?: { nodeInfo?: { containerRuntimeVersion?: string } };
}

async function inCluster(outputs: Outputs) {
  if (!outputs.kubeconfig) throw new Error("up has not come as far as the cluster");
  const read = kubeApi(await atWhomAnswers(outputs.kubeconfig), limitHere());
  const list = async <T>(path: string): Promise<T[]> => {
    const found = await read<List<T>>(path);
    if (found.state !== "answered") throw new Error(found.detail);
    return found.value?.items ?? [];
  };
  const group = "/apis/admissionregistration.k8s.io/v1";
  const of = (kind: AdmissionObject["kind"]) => (one: AdmissionObject) => ({ ...one, kind });
  const [pods, nodes, policies, bindings] = await Promise.all([
    list<Pod>("/api/v1/pods"),
    list<NodeInfo>("/api/v1/nodes"),
    list<AdmissionObject>(`${group}/validatingadmissionpolicies`),
    list<AdmissionObject>(`${group}/validatingadmissionpolicybindings`),
  ]);
  return {
    pods,
    runtimes: new Map(
      nodes.map(({ metadata, status }) => [
        metadata.name,
        status?.nodeInfo?.containerRuntimeVersion?.replace("containerd://", ""),
      ]),
    ),
    // A list names its items' kind for all of them.
    policies: policies.map(of("ValidatingAdmissionPolicy")),
    bindings: bindings.map(of("ValidatingAdmissionPolicyBinding")),
  };
}

type Established = <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;

/** What each node has, and what the control planes have written down. */
async function onNodes(outputs: Outputs, established: Established) {
  const printed = new Map<string, string>();
  const logs: ReturnType<typeof auditLines>[] = [];
  await withNodes(outputs, ({ name, role }, ask) =>
    established(`what is on ${name}`, async () => {
      printed.set(name, await ask(scriptOf("software.sh")));
      if (role === "control-plane") logs.push(auditLines(await ask(scriptOf("audit.sh"))));
    }),
  );
  const since = logs.flatMap((log) => log.since ?? []).sort();
  return {
    printed,
    acts: logs.length > 0 ? actsOf(logs.flatMap(({ lines }) => lines)) : null,
    since: since[0] ?? null,
  };
}

const scriptOf = (name: string): string => readFileSync(repositoryPath("cli", "report", name), "utf8");

function nodeOf(
  node: Stack["nodes"][number],
  outputs: Outputs | undefined,
  report: Report | undefined,
  runtimes: Map<string, string | undefined> | undefined,
): ReportedNode {
  const { name, role, site, address } = node;
  const seen = report?.nodes.find((one) => one.name === name);
  const image = outputs?.images?.[name];
  return {
    ...{ name, role, address, site: site.name },
    hypervisor: node.kind === "libvirt" ? node.hypervisor.name : null,
    ready: seen?.ready ?? null,
    kubelet: seen?.kubelet ?? null,
    containerd: runtimes?.get(name) ?? null,
    kernel: seen?.kernel ?? null,
    image: image?.key ?? null,
    debian: image?.debian ?? null,
    diskEncryption: (node.kind === "libvirt" ? node.hypervisor.diskEncryption : node.diskEncryption) ?? null,
    measured: outputs?.measured?.[name] ?? null,
  };
}
