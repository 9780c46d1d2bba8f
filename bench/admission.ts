import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { renderConfigRepo } from "../gitops/render";
import { repositoryRoot } from "../lib/places";
import { admissionPolicies } from "../policies/admission/generate";
import { type ApiServer, startApiServer } from "../policies/admission/support/api-server";
import { Applier } from "../policies/admission/support/applier";
import type { Answer, Manifest } from "../policies/admission/support/client";
import { TestCluster } from "../policies/admission/support/cluster";
import { loadRules } from "../policies/engine/load";
import { RECONCILER } from "../policies/engine/match";
import { median } from "./measure";

const ROUNDS = 11;
const REQUESTS = 100;
/** A dry-run Pod, with all policies, by the same without. */
const AIM = 1.3;
const STACK = {
  environment: "development",
  registry: { host: "registry.local.grunnmur.internal" },
  locality: { profile: "NO" },
};
const NAMESPACE = "production";

interface Side {
  server: ApiServer;
  agent: Applier;
}

type Ask = (side: Side) => Promise<Answer>;

/**
 * What the admission policies cost the API server: its CPU for a request that changes nothing, on a server with all
 * policies and on one without, by turns. Both run on this machine, without nodes, controllers or a kubelet.
 */
export async function measureAdmission(say: (text: string) => void): Promise<void> {
  const sides: Side[] = [];
  try {
    for (const _side of ["with", "without"]) sides.push(await startSide());
    const [held, free] = sides as [Side, Side];
    const policies = admissionPolicies(loadRules(), { stack: STACK }, { action: "Deny" });
    const refused = await new TestCluster(held.server.client).install(policies as unknown as Manifest[]);
    if (refused.size > 0) throw new Error(`the API server does not take ${[...refused].join(", ")}`);
    say(`  milliseconds of the API server's CPU for a request; median of ${ROUNDS} rounds of ${REQUESTS} by turns`);
    say(`  ${"".padEnd(44)} policies     none    ratio`);
    for (const [name, ask] of requests()) {
      const taken = { held: [] as number[], free: [] as number[] };
      for (let round = 0; round <= ROUNDS; round++) {
        const [first, second] = [await cpuOf(held, ask), await cpuOf(free, ask)];
        if (round === 0) continue; // what is compiled once
        taken.held.push(first);
        taken.free.push(second);
      }
      const [policed, plain] = [median(taken.held), median(taken.free)];
      const aim = name.startsWith("a Pod") ? ` (aim: ${AIM})` : "";
      const figures = [policed, plain, policed / plain].map((value) => value.toFixed(2).padStart(8)).join(" ");
      say(`  ${name.padEnd(44)} ${figures}${aim}`);
    }
  } finally {
    for (const { server, agent } of sides) {
      agent.close();
      await server.stop();
    }
  }
}

async function startSide(): Promise<Side> {
  const server = await startApiServer();
  const metadata = { name: NAMESPACE, labels: { "grunnmur.internal/personal-data": "false" } };
  const [, , namespace = "", name = ""] = RECONCILER.split(":");
  const side = { server, agent: new Applier(server.client, namespace, name) };
  await server.client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await server.client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata });
  const rights = readFileSync(join(repositoryRoot(), "components", "agent", "files", "rbac.yaml"), "utf8");
  for (const object of yaml.loadAll(rights) as Manifest[]) await server.client.mustCreate(object);
  for (const object of scaffold()) must(await side.agent.apply(object));
  return side;
}

/** A Pod that keeps to all rules, and what the agent asks when it looks whether anything has drifted. */
function requests(): [string, Ask][] {
  return [
    ["a Pod, tried (dry-run)", ({ server }) => server.client.create(pod(), { dryRun: true })],
    ...scaffold().map((object): [string, Ask] => {
      const { name } = object.metadata as { name: string };
      return [`${object.kind} ${name}, applied (dry-run)`, ({ agent }) => agent.apply(object, { dryRun: true })];
    }),
  ];
}

function pod(): Manifest {
  const template = scaffold().find(({ kind }) => kind === "Deployment")?.spec as { template: { spec: Manifest } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "tried", namespace: NAMESPACE },
    spec: { ...template.template.spec, serviceAccountName: "default" },
  };
}

function scaffold(): Manifest[] {
  const values = { cluster: "local", registry: STACK.registry.host, tag: "a".repeat(40), region: "NO", profile: "NO" };
  return renderConfigRepo(values)
    .filter(({ path }) => /production\/.*\.yaml$/.test(path) && !path.endsWith("kustomization.yaml"))
    .flatMap(({ content }) => yaml.loadAll(content) as Manifest[])
    .map((object): Manifest => ({ ...object, metadata: { ...scoped(object), ...(object.metadata as Manifest) } }))
    .sort((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
}

const scoped = ({ kind }: Manifest): Manifest => (kind === "Namespace" ? {} : { namespace: NAMESPACE });

function must(answer: Answer): Answer {
  if (answer.status >= 300) throw new Error(`the API server answered ${answer.status}: ${answer.body.message}`);
  return answer;
}

/** Milliseconds of CPU for one request. */
async function cpuOf(side: Side, ask: Ask): Promise<number> {
  const before = cpu(side.server.pid);
  for (let request = 0; request < REQUESTS; request++) must(await ask(side));
  return (cpu(side.server.pid) - before) / REQUESTS;
}

/** Milliseconds that a process has had, of all its threads; the kernel counts in tens of them. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
