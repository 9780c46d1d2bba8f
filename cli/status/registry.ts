import type { Outputs } from "../pulumi/outputs";
import { get } from "./get";
import { type Look, look } from "./look";
import { readerAccess } from "./registry-image";

/** What the registry answers its reader: the number of its repositories, null where it does not tell. */
export type RegistryLook = Look<{ repositories: number | null }>;

/** Asks the registry as a reader, by its own name and certificate authority, at the address where its node answers. */
export async function lookAtRegistry(outputs: Outputs, limitSeconds: number): Promise<RegistryLook> {
  const access = readerAccess(outputs);
  if (!access) return { state: "dead", detail: "it has not been made yet" };
  // A kept connection would hold the program open.
  const options = { ...access, agent: false as const };
  const [hello, catalog] = await Promise.all([
    look((seconds) => get({ ...options, path: "/v2/" }, seconds), limitSeconds),
    look((seconds) => get({ ...options, path: "/v2/_catalog?n=1000" }, seconds), limitSeconds),
  ]);
  if (hello.state !== "answered") return hello;
  const { status } = hello.value;
  if (status !== 200) return { state: "refused", detail: `it answered ${status} to its reader` };
  const listed = catalog.state === "answered" && catalog.value.status === 200 ? catalog.value.body : undefined;
  const repositories = listed ? (JSON.parse(listed) as { repositories: string[] }).repositories.length : null;
  return { state: "answered", value: { repositories } };
}
