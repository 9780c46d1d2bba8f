import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { pathText } from "./diff";
import type { Checked, Difference, Work } from "./provider";
import { decodeObject, encodeObject, type Properties, type Wire } from "./value";

/** The type token of the resource that a request is about. */
export function typeOf(request: { getUrn(): string; getType(): string }): string {
  // A URN's third part is the type, after the types of its parents: `component$random:index/…`.
  return request.getType() || (request.getUrn().split("::")[2]?.split("$").at(-1) ?? "");
}

export function work(request: { getPreview(): boolean; getTimeout(): number }): Work {
  return { preview: request.getPreview(), timeoutMs: milliseconds(request.getTimeout()) };
}

export function milliseconds(timeout: number): number | undefined {
  return timeout > 0 ? timeout * 1000 : undefined;
}

export function read(struct: Struct | undefined): Properties {
  return decodeObject((struct?.toJavaScript() ?? {}) as { [key: string]: Wire });
}

export function write(properties: Properties): Struct {
  return Struct.fromJavaScript(encodeObject(properties));
}

export function checkResponse(checked: Checked): proto.CheckResponse {
  const response = new proto.CheckResponse();
  response.setInputs(write(checked.inputs));
  for (const failure of checked.failures ?? []) {
    const entry = new proto.CheckFailure();
    entry.setProperty(failure.property);
    entry.setReason(failure.reason);
    response.addFailures(entry);
  }
  return response;
}

const kinds = {
  add: [proto.PropertyDiff.Kind.ADD, proto.PropertyDiff.Kind.ADD_REPLACE],
  delete: [proto.PropertyDiff.Kind.DELETE, proto.PropertyDiff.Kind.DELETE_REPLACE],
  update: [proto.PropertyDiff.Kind.UPDATE, proto.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

export function diffResponse(difference: Difference): proto.DiffResponse {
  const response = new proto.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  response.setChanges(difference.changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(difference.deleteBeforeReplace ?? false);
  for (const change of difference.changes) {
    const replace = difference.replaces(change);
    const text = pathText(change.path);
    const entry = new proto.PropertyDiff();
    entry.setKind(kinds[change.kind][replace ? 1 : 0]);
    entry.setInputdiff(true);
    response.getDetaileddiffMap().set(text, entry);
    response.addDiffs(String(change.path[0]));
    if (replace) response.addReplaces(text);
  }
  return response;
}
