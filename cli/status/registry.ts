import { request } from "node:https";
import type { Outputs } from "../outputs";
import { say } from "../say";

/** What the registry answers: whether it does, and how many repositories it has. */
export interface RegistryState {
  ready: boolean;
  repositories: number | null;
}

const SILENT: RegistryState = { ready: false, repositories: null };

/** Asks the registry as a reader, by its own name and certificate authority, at the address where its node answers. */
export async function registryState(outputs: Outputs, timeoutSeconds: number): Promise<RegistryState> {
  const { registry, registryReader: reader } = outputs;
  const reach = outputs.nodes?.find(({ role }) => role === "registry")?.reach;
  if (!registry || !reader || !reach) return SILENT;
  const get = (path: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const call = request(
        {
          host: reach,
          servername: registry.host,
          path,
          ca: registry.caPem,
          headers: { host: registry.host },
          auth: `${reader.username}:${reader.password}`,
          signal: AbortSignal.timeout(timeoutSeconds * 1000),
        },
        (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (text: string) => {
            body += text;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
          response.on("error", reject);
        },
      );
      call.on("error", reject);
      call.end();
    });
  try {
    const hello = await get("/v2/");
    if (hello.status !== 200) throw new Error(`it answered ${hello.status} to its reader`);
    const catalog = await get("/v2/_catalog?n=1000");
    if (catalog.status !== 200) return { ready: true, repositories: null };
    return { ready: true, repositories: (JSON.parse(catalog.body) as { repositories: string[] }).repositories.length };
  } catch (error) {
    say(`The registry: ${error instanceof Error ? error.message : String(error)}`);
    return SILENT;
  }
}
