import { countryName } from "./countries";
import type { Draft, StackDraft } from "./draft";
import { type Problem, show } from "./errors";
import { networkProblems } from "./network";
import type { StackConfig } from "./schema";
import { siteRegister } from "./sites";
import { nearest } from "./suggest";
import { syncProblems } from "./sync";

/** Where a part of the draft is missing, a check has nothing to say on it. */
type Check = (stack: StackDraft) => Problem[];

/** Every mistake that only several keys together show. */
export function checkProblems(stack: StackDraft): Problem[] {
  return CHECKS.flatMap((check) => check(stack));
}

const CHECKS: readonly Check[] = [
  uniqueNames,
  countries,
  knownSites,
  knownHypervisors,
  roles,
  dataDisks,
  volumesThatStay,
  localAlone,
  emulation,
  declaredAddresses,
  namesToProve,
  networkProblems,
  syncProblems,
];

function uniqueNames(stack: StackDraft): Problem[] {
  const register = siteRegister([]);
  const taken = (stack.sites ?? []).flatMap((site, i) =>
    site?.name && register.has(site.name)
      ? [
          {
            path: `sites[${i}].name`,
            message: `"${site.name}" is in the register already`,
            remedy: "Choose another name.",
          },
        ]
      : [],
  );
  return [
    ...taken,
    ...duplicates("sites", "name", stack.sites),
    ...duplicates("hypervisors", "name", stack.hypervisors),
    ...duplicates(
      "hypervisors",
      "uri",
      stack.hypervisors?.map((h) => (h && "uri" in h ? h : undefined)),
    ),
    ...reservedNames(stack),
    ...duplicates("nodes", "name", stack.nodes),
    ...duplicates("nodes", "address", stack.nodes),
    ...duplicates("destinations", "host", stack.destinations),
    ...duplicates("ingress.hosts", "name", stack.ingress?.hosts),
  ];
}

/** Every machine has this name for itself. */
function reservedNames({ nodes }: StackDraft): Problem[] {
  return (nodes ?? []).flatMap((node, i) =>
    node?.name === "localhost"
      ? [{ path: `nodes[${i}].name`, message: 'received "localhost", which is every machine\'s name for itself' }]
      : [],
  );
}

function duplicates<K extends string>(
  list: string,
  key: K,
  items: readonly ({ [P in K]?: string | undefined } | undefined)[] = [],
): Problem[] {
  return items.flatMap((item, i) => {
    const value = item?.[key];
    const first = items.findIndex((other) => value !== undefined && other?.[key] === value);
    if (first < 0 || first === i) return [];
    return [
      {
        path: `${list}[${i}].${key}`,
        message: `received ${show(value)}, which ${list}[${first}] has already`,
        remedy: `Each needs ${/^[aeio]/.test(key) ? "an" : "a"} ${key} of its own.`,
      },
    ];
  });
}

function countries(stack: StackDraft): Problem[] {
  const named = [
    ...(stack.sites ?? []).flatMap((site, i) => [
      { path: `sites[${i}].country`, code: site?.country },
      { path: `sites[${i}].operatorCountry`, code: site?.operatorCountry },
    ]),
    ...(stack.destinations ?? []).map((d, i) => ({ path: `destinations[${i}].country`, code: d?.country })),
    ...(stack.administration ?? []).map((a, i) => ({ path: `administration[${i}].country`, code: a?.country })),
  ];
  return named
    .filter(({ code }) => code !== undefined && !countryName(code))
    .map(({ path, code }) => ({
      path,
      message: `received "${code}", allowed is a country of ISO 3166-1`,
      remedy: code === "UK" ? "Did you mean GB?" : undefined,
    }));
}

/** Pods get to no host that is not declared. */
function declaredAddresses({ ingress, monitoring, destinations = [] }: StackDraft): Problem[] {
  const asked = [
    { path: "ingress.acme.directory", url: ingress?.acme?.directory },
    { path: "monitoring.webhook.url", url: monitoring?.webhook?.url },
  ];
  return asked.flatMap(({ path, url }): Problem[] => {
    if (!url) return [];
    const { hostname, port } = URL.canParse(url) ? new URL(url) : { hostname: "", port: "" };
    const needed = `${port || 443}/tcp`;
    const known = destinations.find((one) => one?.host === hostname);
    if (!known) {
      const message = `received ${show(url)}, allowed is an address at a host of the destinations`;
      const remedy = hostname && `Add ${hostname} under destinations, with its country and what that rests on.`;
      return [{ path, message, remedy }];
    }
    // Without any, all are open.
    if (!known.ports?.length || known.ports.includes(needed)) return [];
    const message = `received ${show(url)}, and the destination ${hostname} has the ports ${known.ports.join(", ")}`;
    return [{ path, message, remedy: `Add ${needed} to its ports.` }];
  });
}

/** An ACME server looks for each name at port 80, which proves no wildcard. */
function namesToProve({ ingress }: StackDraft): Problem[] {
  if (!ingress?.acme?.directory) return [];
  return (ingress.hosts ?? []).flatMap((one, i) =>
    one?.name?.startsWith("*.")
      ? [
          {
            path: `ingress.hosts[${i}].name`,
            message: `received ${show(one.name)}, and an ACME server proves single names here`,
            remedy: "Name each, or leave ingress.acme out.",
          },
        ]
      : [],
  );
}

function knownSites(stack: StackDraft): Problem[] {
  const known = [...siteRegister((stack.sites ?? []).flatMap((s) => completeSite(s))).keys()];
  const used = [
    ...(stack.hypervisors ?? []).map((h, i) => ({ path: `hypervisors[${i}].site`, name: h?.site })),
    ...(stack.nodes ?? []).map((n, i) => ({ path: `nodes[${i}].site`, name: n && "site" in n ? n.site : undefined })),
  ];
  return used.flatMap(({ path, name }) =>
    unknownName(path, name, known, "a site of the register", "Add it under sites, with its country and operator."),
  );
}

/** A site that is misspelt in one key is still a site: only its name matters here. */
function completeSite(site: Draft<StackConfig["sites"][number]> | undefined): StackConfig["sites"] {
  if (!site?.name) return [];
  return [{ country: "", city: "", operator: "", operatorCountry: "", ...site } as StackConfig["sites"][number]];
}

function knownHypervisors(stack: StackDraft): Problem[] {
  const known = (stack.hypervisors ?? []).flatMap((h) => (h?.name ? [h.name] : []));
  return (stack.nodes ?? []).flatMap((n, i) =>
    unknownName(
      `nodes[${i}].hypervisor`,
      n && "hypervisor" in n ? n.hypervisor : undefined,
      known,
      "a hypervisor of this stack",
      "Add it under hypervisors.",
    ),
  );
}

function unknownName(
  path: string,
  name: string | undefined,
  known: readonly string[],
  what: string,
  otherwise: string,
): Problem[] {
  if (name === undefined || known.includes(name)) return [];
  const near = nearest(name, known);
  const message = `received "${name}", allowed is ${what}${known.length > 0 ? `: ${known.join(", ")}` : ""}`;
  return [{ path, message, remedy: near ? `Did you mean ${near}?` : otherwise }];
}

/** etcd needs a majority: an even number of members stands no more losses than one fewer. */
function roles(stack: StackDraft): Problem[] {
  const found = stack.nodes?.map((node) => node?.role);
  // While the role of one is unknown, no count is certain.
  if (!found || found.includes(undefined)) return [];
  const count = (role: string) => found.filter((r) => r === role).length;
  const [registries, controlPlanes, workers] = [count("registry"), count("control-plane"), count("worker")];
  const problems: Problem[] = [];
  if (registries !== 1) {
    problems.push({ path: "nodes", message: `received ${registries} with role: registry, allowed is exactly 1` });
  }
  if (![1, 3, 5, 7].includes(controlPlanes)) {
    problems.push({
      path: "nodes",
      message: `received ${controlPlanes} with role: control-plane, allowed is 1, 3, 5 or 7`,
      remedy: "etcd needs a majority, so an even number stands no more losses than one fewer.",
    });
  }
  if (workers < 1) problems.push({ path: "nodes", message: "received 0 with role: worker, allowed is 1 or more" });
  return problems;
}

/** etcd's data is where its machine is: a control plane that is made anew gets it from the others. */
function dataDisks({ nodes }: StackDraft): Problem[] {
  return (nodes ?? []).flatMap((node, i) => {
    const size = node && "dataDiskGiB" in node ? node.dataDiskGiB : undefined;
    if (size === undefined || node?.role !== "control-plane") return [];
    return [
      {
        path: `nodes[${i}].dataDiskGiB`,
        message: `received ${size} for a control plane, allowed with role: registry or role: worker`,
        remedy: "Take it out: nothing would lie on it, and diskGiB holds what the cluster keeps.",
      },
    ];
  });
}

/** A worker's only disk goes with its machine, which an upgrade makes anew. */
function volumesThatStay({ environment, storage, nodes }: StackDraft): Problem[] {
  if (environment !== "production" || storage?.enabled !== true) return [];
  return (nodes ?? []).flatMap((node, i) =>
    node?.role === "worker" && node.kind === "libvirt" && node.dataDiskGiB === undefined
      ? [
          {
            path: `nodes[${i}].dataDiskGiB`,
            message: "is missing, and storage.enabled is true: volumes would end with the next machine of the worker",
            remedy: "Give each worker a data disk, in GiB.",
          },
        ]
      : [],
  );
}

/** This machine is asked whether it has KVM; of another one the stack says it. */
function emulation({ environment, cluster, hypervisors }: StackDraft): Problem[] {
  const allowed = cluster?.emulationAllowed ?? environment === "development";
  if (allowed) return [];
  return (hypervisors ?? []).flatMap((h, i) =>
    h?.kind === "remote" && h.emulated
      ? [
          {
            path: `hypervisors[${i}].emulated`,
            message: "received true, and cluster.emulationAllowed is not true",
            remedy: "Use a machine with KVM, or set cluster.emulationAllowed to true.",
          },
        ]
      : [],
  );
}

/** Guests of the local hypervisor are in a network with no way out: nothing beside it could reach them. */
function localAlone(stack: StackDraft): Problem[] {
  const local = (stack.hypervisors ?? []).filter((h) => h?.kind === "local");
  const others = [
    ...(stack.hypervisors ?? []).map((h, i) => ({ path: `hypervisors[${i}].kind`, kind: h?.kind })),
    ...(stack.nodes ?? []).map((n, i) => ({ path: `nodes[${i}].kind`, kind: n?.kind })),
  ].filter(({ kind }) => kind === "remote" || kind === "existing");
  if (local.length === 0) return [];
  const crowd = others.map(({ path, kind }) => ({
    path,
    message: `received "${kind}" beside a local hypervisor, whose guests have no way out of their own network`,
    remedy: "Give either the whole stack to the local hypervisor, or none of it.",
  }));
  return local.length === 1
    ? crowd
    : [...crowd, { path: "hypervisors", message: `received ${local.length} with kind: local, allowed is 1` }];
}
