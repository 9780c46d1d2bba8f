import { z } from "zod";
import { keysOf, kindsOf, schemaAt } from "./draft";
import { type Problem, show } from "./errors";
import { SECRET_KEYS, stackSchema } from "./schema";
import { inUnitOf, nearest, otherUnit } from "./suggest";

/** Every place where `raw` is not of the schema's shape: unknown keys, missing ones, wrong types, units and values. */
export function shapeProblems(raw: unknown): Problem[] {
  const result = stackSchema.safeParse(raw);
  if (result.success) return [];
  const unknown = result.error.issues
    .filter((issue) => issue.code === "unrecognized_keys")
    .flatMap((i) => strangers(raw, i));
  // A misspelt key is one mistake, not an unknown key and a missing one.
  const meant = new Set(unknown.map(({ stand }) => stand));
  const others = result.error.issues
    .filter((issue) => issue.code !== "unrecognized_keys" && !meant.has(pathText(issue.path)))
    .map((issue) => wrongValue(raw, issue));
  const problems = [...unknown.map(({ problem }) => problem), ...others];
  return problems.filter((p, i) => problems.findIndex((q) => q.path === p.path && q.message === p.message) === i);
}

interface Stranger {
  problem: Problem;
  /** The path of the key that was likely meant. */
  stand: string | undefined;
}

function strangers(raw: unknown, issue: z.core.$ZodIssueUnrecognizedKeys): Stranger[] {
  const schema = schemaAt(stackSchema, raw, issue.path);
  const section = valueAt(raw, issue.path) as Record<string, unknown>;
  const known = keysOf(schema, section);
  return issue.keys.map((key) => {
    const path = pathText([...issue.path, key]);
    if (SECRET_KEYS.includes(path)) return { stand: undefined, problem: plainSecret(path) };
    const meant = nearest(key, known);
    const owner = kindsOf(schema).find(([, keys]) => keys.includes(key))?.[0];
    return {
      stand: meant && !(meant in section) ? pathText([...issue.path, meant]) : undefined,
      problem: {
        path,
        // The value is not shown: under an unknown key it may be a misplaced secret.
        message: `unknown key, allowed are ${known.join(", ")}`,
        remedy: owner ? `It belongs to kind: ${owner}.` : strangerRemedy(key, section[key], meant),
      },
    };
  });
}

function plainSecret(key: string): Problem {
  return {
    path: key,
    message: "received plain text, allowed is an encrypted secret",
    remedy: `Make a new one, for this one has been written down, and set it with: pulumi config set --secret ${key}.`,
  };
}

function strangerRemedy(key: string, value: unknown, meant: string | undefined): string {
  if (/token|passw|secret|privateKey/i.test(key)) {
    return `Secrets are never written here; the Git host's is set with: pulumi config set --secret ${SECRET_KEYS[0]}.`;
  }
  if (!meant) return "Remove it.";
  const converted = inUnitOf(meant, value);
  return converted === undefined ? `Did you mean ${meant}?` : `Did you mean ${meant}: ${converted}?`;
}

function wrongValue(raw: unknown, issue: z.core.$ZodIssue): Problem {
  const value = valueAt(raw, issue.path);
  const key = String(issue.path.findLast((step) => typeof step === "string") ?? "");
  const allowed = issue.code === "invalid_union" ? unionMembers(issue) : issue.message;
  return {
    path: pathText(issue.path),
    message:
      value === undefined ? `is missing, allowed is ${allowed}` : `received ${show(value)}, allowed is ${allowed}`,
    remedy: value === undefined ? describedAt(raw, issue.path) : valueRemedy(key, value, issue),
  };
}

/** What a missing key is for, as the schema says it. */
function describedAt(raw: unknown, path: readonly PropertyKey[]): string | undefined {
  const schema = schemaAt(stackSchema, raw, path);
  return schema && z.globalRegistry.get(schema)?.description;
}

function unionMembers(issue: z.core.$ZodIssueInvalidUnion): string {
  const options = (issue as { options?: unknown }).options;
  return Array.isArray(options) ? options.join(" or ") : issue.message;
}

function valueRemedy(key: string, value: unknown, issue: z.core.$ZodIssue): string | undefined {
  if (value === null) return "Write a value, or remove the line.";
  if (key === "ports" && /^\d+$/.test(String(value))) return `Write ${value}/tcp, or ${value}/udp.`;
  if (typeof value === "number" && issue.code === "invalid_type" && issue.expected === "string") {
    return "Write it in quotes.";
  }
  if (typeof value === "number") return otherUnit(key, value);
  const converted = inUnitOf(key, value);
  if (converted !== undefined) return `Write ${converted}, without quotes or unit.`;
  if (typeof value === "string" && issue.code === "invalid_type" && /^(\d+|true|false)$/.test(value)) {
    return `Write ${value} without quotes.`;
  }
  if (key === "expires") return quotedDate(value);
  if (typeof value !== "string") return undefined;
  const options = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const near =
    nearest(value, options) ??
    (issue.code === "invalid_union" ? nearest(value, unionMembers(issue).split(" or ")) : undefined);
  return near ? `Did you mean ${near}?` : formRemedy(value);
}

/** Pulumi reads a date without quotes as a moment in time. */
function quotedDate(value: unknown): string | undefined {
  const day = /^\d{4}-\d{2}-\d{2}(?=T)/.exec(value instanceof Date ? value.toISOString() : String(value))?.[0];
  return day && `Write "${day}", with quotes.`;
}

/** Remedies for values that are right somewhere else. */
function formRemedy(value: string): string | undefined {
  if (/PRIVATE KEY/.test(value)) return "Write the public half, and make a new pair: this one is no longer secret.";
  const scp = /^([\w.-]+)@([\w.-]+):(?!\d+\/)([^/].*)$/.exec(value);
  if (scp) return `Write ssh://${scp[1]}@${scp[2]}/${scp[3]}.`;
  if (/^ssh:\/\/[^@]+$/.test(value)) return `Write ${value.replace("ssh://", "ssh://git@")}, if the user is git.`;
  if (/^https?:.*\.git$/.test(value)) return "The agent pulls over SSH, with a deploy key of its own.";
  if (/^https:\/\/(www\.)?github\.com(\/|$)/.test(value)) return "GitHub's API is at https://api.github.com.";
  if (/^[\w.:-]+,?\S* ssh-ed25519 /.test(value)) return "Leave out the host name before ssh-ed25519.";
  if (/^(ssh-rsa|ecdsa-\S+) /.test(value))
    return "Take the host's ed25519 key: ssh-keyscan is no proof, ask its keeper.";
  return undefined;
}

export function pathText(path: readonly PropertyKey[]): string {
  const joined = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return joined.replace(/^\./, "") || "grunnmur";
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    raw,
  );
}
