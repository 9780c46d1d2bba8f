import type { Outputs } from "../pulumi/outputs";
import { say } from "../terminal/say";
import { get } from "./get";

/** What the registry answers: whether it does, and how many repositories it has. */
export interface RegistryState {
  ready: boolean;
  repositories: number | null;
}

const SILENT: RegistryState = { ready: false, repositories: null };

/** Asks the registry as a reader, by its own name and certificate authority, at the address where its node answers. */
export async function registryState(outputs: Outputs, timeoutSeconds: number): Promise<RegistryState> {
  const { registry, registryReader: reader } = outputs;
  if (!registry || !reader) return SILENT;
  const [host, port] = (registry.reach ?? registry.address).split(":");
  const options = {
    host,
    port: Number(port ?? 443),
    servername: registry.host,
    ca: registry.caPem,
    headers: { host: registry.host },
    auth: `${reader.username}:${reader.password}`,
  };
  try {
    const hello = await get({ ...options, path: "/v2/" }, timeoutSeconds);
    if (hello.status !== 200) throw new Error(`it answered ${hello.status} to its reader`);
    const catalog = await get({ ...options, path: "/v2/_catalog?n=1000" }, timeoutSeconds);
    if (catalog.status !== 200) return { ready: true, repositories: null };
    return { ready: true, repositories: (JSON.parse(catalog.body) as { repositories: string[] }).repositories.length };
  } catch (error) {
    say(`The registry: ${error instanceof Error ? error.message : String(error)}`);
    return SILENT;
  }
}
