import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceValidation, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { Unknown } from "../cel/unknown";
import { Obligations } from "../crossguard/obligations";
import { PLATFORM } from "../crossguard/resource";
import { Run } from "../crossguard/run";
import { type Ask, word } from "./matrix";

require("../crossguard/small-sdk");
const { readPropertiesOnce } = require("../crossguard/properties") as typeof import("../crossguard/properties");
const { policyOf } = require("../crossguard/policy") as typeof import("../crossguard/policy");
const { unknownStringValue } = require("@pulumi/policy/proxy") as { unknownStringValue: string };
const internals = require("@pulumi/policy/deserialize") as {
  deserializeProperties(struct: object, proxySecrets: boolean): Record<string, unknown>;
};

/** A directory for what the packs write down, gone when the work is done. */
export async function withPacks<T>(today: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  readPropertiesOnce();
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-packs-"));
  try {
    return await work(preview(today, directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Asks a rule's policy of the packs, as Pulumi does: one resource after the other, then all together. */
function preview(today: string, directory: string): Ask {
  return (rule, { params, stack, documents }) => {
    const said: (string | undefined)[] = [];
    const report = ((violation: { enforcementLevel?: string }) =>
      said.push(violation.enforcementLevel)) as unknown as Parameters<ResourceValidation>[1];
    const policy = policyOf(rule, new Run(today), new Obligations("matrix", directory));
    const inputs = [
      ...(stack ? [{ type: PLATFORM, values: stack }] : []),
      ...documents.map(({ object }) => ({ type: typeOf(object), values: object })),
    ];
    const resources = inputs.map(({ type, values }, index) => {
      const props = internals.deserializeProperties({ toJavaScript: () => sent(values) }, false);
      return { type, urn: `urn:pulumi:test::p::${type}::r${index}`, props, name: `r${index}`, getConfig: () => params };
    });
    for (const resource of resources) {
      (policy.validateResource as ResourceValidation)(resource as unknown as ResourceValidationArgs, report);
    }
    void policy.validateStack?.({ resources, getConfig: () => params } as unknown as StackValidationArgs, report);
    // What cannot be decided yet is told as advice, whatever the rule's severity.
    const open = said.filter((level) => level === "advisory").length;
    return word(said.length - open, open);
  };
}

/** A value as the engine sends it. */
function sent(value: unknown): unknown {
  if (value instanceof Unknown) return unknownStringValue;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sent);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sent(item)]));
}

function typeOf({ apiVersion, kind }: Record<string, unknown>): string {
  const group = String(apiVersion).includes("/") ? apiVersion : `core/${apiVersion}`;
  return `kubernetes:${group}:${kind}`;
}
