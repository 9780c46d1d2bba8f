import { Cidr, Ip } from "../cel/network";
import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { allowedStandings, standing } from "./profile";
import { get, list } from "./read";
import { type Entry, entriesOf, expired, failing, gaps, waiting } from "./register";
import type { Implementation, World } from "./world";

/** Each host outside that the stack names is in the register, and each entry is whole, in the profile and in force. */
export const destinationRegistered: Implementation = (world) => {
  const register = entriesOf(world.params.destinations, "destinations", "host");
  return [...unregistered(world, register), ...register.flatMap((entry) => judge(world, entry))];
};

function judge(world: World, entry: Entry): WorldFinding[] {
  return [
    ...gaps(entry, ["host", "country", "legalBasis", "agreement", "expires"]),
    ...outside(world, entry),
    ...wide(entry),
    ...expired(entry, world),
  ];
}

const SMALLEST_PREFIX = 8;

/** Ranges in which not one host answers but a part of the world: network policies may open each of them. */
function wide({ value, path, name }: Entry): WorldFinding[] {
  return list(get(value, "addresses")).flatMap((range, index): WorldFinding[] => {
    if (typeof range !== "string" || Number(range.split("/")[1]) >= SMALLEST_PREFIX) return [];
    const message = `${name} is said to answer in ${range}; allowed are ranges of /${SMALLEST_PREFIX} or smaller`;
    return [failing(`${path}.addresses[${index}]`, message)];
  });
}

function outside({ stack }: World, entry: Entry): WorldFinding[] {
  const country = get(entry.value, "country");
  const profile = get(stack, "locality", "profile");
  if (profile instanceof Unknown) return [waiting("locality.profile")];
  if (typeof country !== "string" || country === "") return [];
  const allowed = allowedStandings(profile);
  const found = standing(country);
  if (allowed.includes(found)) return [];
  const message = `${entry.name} is in ${country} (${found}); profile ${String(profile)} allows ${allowed.join(", ") || "nothing"}`;
  return [failing(`${entry.path}.country`, message)];
}

function unregistered({ stack }: World, register: readonly Entry[]): WorldFinding[] {
  const known = new Set(register.map(({ name }) => hostOf(name)));
  return namedHosts(stack).flatMap(({ value, path }): WorldFinding[] => {
    if (value instanceof Unknown) return [waiting(path)];
    if (typeof value !== "string") return [];
    const host = hostOf(value);
    if (known.has(host) || isOwn(host, stack)) return [];
    return [failing(path, `${host} is outside the stack and not in the register, destinations`)];
  });
}

interface Named {
  value: unknown;
  path: string;
}

/** All that a stack's machines talk to by configuration. */
function namedHosts(stack: unknown): Named[] {
  const each = (value: unknown, path: string, ...keys: string[]): Named[] => {
    if (value instanceof Unknown) return [{ value, path }];
    return list(value).map((item, index) => ({
      value: get(item, ...keys),
      path: [`${path}[${index}]`, ...keys].join("."),
    }));
  };
  return [
    ...each(get(stack, "network", "dnsServers"), "network.dnsServers"),
    ...each(get(stack, "network", "ntpServers"), "network.ntpServers"),
    { value: get(stack, "sync", "repository"), path: "sync.repository" },
    { value: get(stack, "sync", "gitHost", "url"), path: "sync.gitHost.url" },
    ...each(get(stack, "backups"), "backups", "host"),
  ];
}

/** The host of a URL, or the text itself, without user, password, port, and the dot that says that a name is whole. */
function hostOf(text: string): string {
  const host = URL.canParse(text) && text.includes("://") ? new URL(text).hostname : text;
  return host.toLowerCase().replace(/\.$/, "");
}

/** The stack's own registry, nodes, and all of their network. */
function isOwn(host: string, stack: unknown): boolean {
  if (host === get(stack, "registry", "host")) return true;
  if (list(get(stack, "nodes")).some((node) => [get(node, "name"), get(node, "address")].includes(host))) return true;
  const cidr = get(stack, "network", "cidr");
  return typeof cidr === "string" && within(cidr, host);
}

function within(cidr: string, host: string): boolean {
  try {
    return Cidr.parse(cidr).containsIP(Ip.parse(host));
  } catch {
    return false; // a name is no address
  }
}
