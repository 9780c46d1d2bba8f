import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import type { Outputs } from "../pulumi/outputs";
import { UserError } from "../terminal/user-error";
import { get } from "./get";
import { look } from "./look";

/** How a registry is asked: where, whom to trust, and as whom. */
export type RegistryAccess = Pick<RequestOptions, "host" | "port" | "servername" | "ca" | "headers" | "auth">;

/** An environment's registry, as its reader; undefined where it has not been made yet. */
export function readerAccess({ registry, registryReader: reader }: Outputs): RegistryAccess | undefined {
  if (!registry || !reader) return undefined;
  const [host, port] = (registry.reach ?? registry.address).split(":");
  return {
    host,
    port: Number(port ?? 443),
    servername: registry.host,
    ca: registry.caPem,
    headers: { host: registry.host },
    auth: `${reader.username}:${reader.password}`,
  };
}

/**
 * A registry by its own name, as REGISTRY_USER with REGISTRY_PASSWORD; undefined where they are not set. REGISTRY_CA_FILE holds
 * what is trusted, absent what the system trusts.
 */
export function accessByEnvironment(registry: string, environment = process.env): RegistryAccess | undefined {
  const { REGISTRY_USER: user, REGISTRY_PASSWORD: password, REGISTRY_CA_FILE: file } = environment;
  if (!user || !password) return undefined;
  const [host, port] = registry.split(":");
  return { host, port: Number(port ?? 443), auth: `${user}:${password}`, ...(file ? { ca: trusted(file) } : {}) };
}

function trusted(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`REGISTRY_CA_FILE names ${file}, which cannot be read: ${(error as Error).message}`);
  }
}

const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const SHOWN = 10;

/**
 * Whether a registry has an image, by its tag or digest (the OCI distribution specification, 1.1, "Pulling manifests").
 * @returns undefined where it has; else some tags that it has of the repository, none where it has no such repository
 * @throws UserError where it does not say
 */
export async function tagsInstead(
  name: string,
  access: RegistryAccess,
  repository: string,
  reference: string,
  limitSeconds: number,
): Promise<string[] | undefined> {
  const ask = async (method: string, path: string) => {
    const headers = { ...(access.headers as object), accept: ACCEPT };
    const options = { ...access, headers, method, path, agent: false as const };
    const found = await look((seconds) => get(options, seconds), limitSeconds);
    if (found.state !== "answered") {
      throw new UserError(`${name} could not be asked for ${repository}: ${found.detail}. ${REMEDY}`);
    }
    return found.value;
  };
  const { status } = await ask("HEAD", `/v2/${repository}/manifests/${reference}`);
  if (status === 200) return undefined;
  if (status !== 404) {
    throw new UserError(
      `${name} answered ${status} when asked for ${repository}${status === 401 || status === 403 ? ": the account is not let in" : ""}. ${REMEDY}`,
    );
  }
  const { status: listed, body } = await ask("GET", `/v2/${repository}/tags/list?n=1000`);
  if (listed !== 200) return [];
  const { tags } = JSON.parse(body) as { tags?: string[] | null };
  return (tags ?? []).slice(-SHOWN);
}

const REMEDY = "Mend that, or give --unchecked to go without asking.";
