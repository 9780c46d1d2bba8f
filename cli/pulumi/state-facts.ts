import { parse } from "yaml";
import { stateDir } from "../../lib/places";
import { requireStackFile } from "./stack-file";

/** Where a stack's state is kept and who holds the key to its secrets, for the rules on that. Holds no credential. */
export interface StateFacts {
  backend: string;
  /** As Pulumi names it: `passphrase`, `hashivault://…`, … */
  secretsProvider: string;
}

export function stateFacts(stack: string, environment: NodeJS.ProcessEnv = process.env): StateFacts {
  const backend = environment.PULUMI_BACKEND_URL || `file://${stateDir()}`;
  const file = parse(requireStackFile(stack)) as { secretsprovider?: unknown } | null;
  // Pulumi's own default: its cloud keeps the key where it keeps the state, any other backend asks for a passphrase.
  const usual = /^https?:/.test(backend) ? "service" : "passphrase";
  const secretsProvider = typeof file?.secretsprovider === "string" ? file.secretsprovider : usual;
  return { backend: withoutCredentials(backend), secretsProvider };
}

const withoutCredentials = (url: string): string => url.replace(/^([a-z0-9+.-]+:\/\/)[^/@]*@/i, "$1");
