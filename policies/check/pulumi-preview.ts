import { kubernetesType, PLATFORM } from "../crossguard/resource";
import { readValues } from "../crossguard/values";

type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => value !== null && typeof value === "object" && !Array.isArray(value);

/** Whether this is what `pulumi preview --json` prints. */
export function isPreview(value: Fields): boolean {
  return !("kind" in value) && Array.isArray(value.steps) && value.steps.every((step) => isMap(step) && "urn" in step);
}

export interface PreviewObjects {
  objects: { object: Fields; urn: string }[];
  /** URNs of what changes a part of an object only. */
  patches: string[];
  stack?: Fields;
}

/** What a preview would leave standing: Kubernetes objects, and the stack that it is for. */
export function previewObjects(preview: Fields): PreviewObjects {
  const patches: string[] = [];
  const objects: { object: Fields; urn: string }[] = [];
  let stack: Fields | undefined;
  for (const step of preview.steps as Fields[]) {
    // A step that deletes has no new state.
    const state = isMap(step.newState) ? step.newState : undefined;
    if (!state || typeof state.type !== "string") continue;
    const values = readValues(state.inputs ?? {}) as Fields;
    const type = kubernetesType(state.type);
    if (state.type === PLATFORM) stack = values;
    if (type?.patch) patches.push(String(step.urn));
    else if (type)
      objects.push({ object: { ...values, apiVersion: type.apiVersion, kind: type.kind }, urn: String(step.urn) });
  }
  return { objects, patches, ...(stack && { stack }) };
}
