import assert from "node:assert/strict";
import { test } from "node:test";
import { ofAgent } from "./agent";
import type { Event, GitRepository, Kustomization } from "./observed";

const REVISION = `main@sha1:${"b".repeat(40)}`;
const APPLIED = `main@sha1:${"a".repeat(40)}`;
const fetched: GitRepository = { metadata: { name: "flux-system" }, status: { artifact: { revision: REVISION } } };

const failing = (reason: string, message: string): Kustomization => ({
  metadata: { name: "flux-system" },
  status: {
    conditions: [{ type: "Ready", status: "False", reason, message }],
    lastAttemptedRevision: REVISION,
    lastAppliedRevision: APPLIED,
  },
});

const found = (reason: string, message: string) => {
  const [first, ...rest] = ofAgent(fetched, failing(reason, message), []);
  assert.ok(first && rest.length === 0);
  return first;
};

test("what was refused is named by object, rule and the API server's words, without what else the agent did", () => {
  const said = found(
    "ReconciliationFailed",
    'Deployment/production/shop dry-run failed (Forbidden): deployments.apps "shop" is forbidden: ' +
      "ValidatingAdmissionPolicy 'pods-gdpr-data-locality' with binding 'pods-gdpr-data-locality' denied request: image-registry: " +
      "docker.io/shop is not from registry.example.no\nService/production/shop configured",
  );
  assert.deepEqual(said, {
    stage: "refused",
    object: { kind: "Deployment", namespace: "production", name: "shop" },
    detail: "image-registry: docker.io/shop is not from registry.example.no",
    remedy: "see docs/rules; ./grunnmur check finds it before a push",
    rule: "image-registry",
    revision: REVISION,
  });
});

for (const [what, message, object, remedy] of [
  [
    "an unknown kind",
    'Widget/production/x dry-run failed: no matches for kind "Widget" in version "example.no/v1"',
    "Widget production x",
    /the cluster knows no Widget/,
  ],
  [
    "a namespace that is not there",
    'Deployment/nowhere/shop not found: namespaces "nowhere" not found',
    "Deployment nowhere shop",
    /add a Namespace nowhere/,
  ],
  [
    "a field that may not change",
    'Deployment/production/shop dry-run failed (Invalid): Deployment.apps "shop" is invalid: spec.selector: Invalid value: {}: field is immutable',
    "Deployment production shop",
    /take the object out of Git/,
  ],
  [
    "an object of the whole cluster",
    "Namespace/kube-evil dry-run failed (Forbidden): no",
    "Namespace  kube-evil",
    /mend what it names/,
  ],
] as const) {
  test(`a refusal for ${what} names the object and what to do`, () => {
    const said = found("ReconciliationFailed", message);
    assert.equal(said.stage, "refused");
    assert.equal(said.object && `${said.object.kind} ${said.object.namespace} ${said.object.name}`, object);
    assert.match(said.remedy, remedy);
  });
}

test("what could not be built is told without the agent's temporary directory", () => {
  const said = found(
    "BuildFailed",
    "kustomize build failed: accumulating resources from '/tmp/kustomization-123/clusters/x.yaml': yaml: line 3",
  );
  assert.equal(said.stage, "not built");
  assert.equal(said.detail, "kustomize build failed: accumulating resources from 'clusters/x.yaml': yaml: line 3");
});

test("an API server that was too late has refused nothing", () => {
  const late = "Timeout: request did not complete within requested timeout - context deadline exceeded";
  for (const message of [`Deployment/production/shop dry-run failed (Timeout): ${late}`, `failed to list: ${late}`]) {
    const said = found("ReconciliationFailed", message);
    assert.deepEqual([said.stage, said.object], ["not answered", null]);
    assert.match(said.remedy, /tried again by itself/);
  }
});

test("a Secret that cannot be decrypted is the object", () => {
  const said = found("BuildFailed", "decryption failed for 'Secret.v1.[noGrp]/database': cannot get sops data key");
  assert.deepEqual(said.object, { kind: "Secret", namespace: "", name: "database" });
  assert.match(said.remedy, /sops encrypt/);
});

const trying = (applied: string, last = "ReconciliationFailed"): Kustomization => ({
  metadata: { name: "flux-system" },
  status: {
    conditions: [{ type: "Ready", status: "Unknown", reason: "Progressing", message: "Reconciliation in progress" }],
    lastAttemptedRevision: REVISION,
    lastAppliedRevision: applied,
    history: [{ lastReconciledStatus: last }],
  },
});
const event = (message: string, at: string, revision = REVISION, name = "flux-system"): Event => ({
  metadata: { annotations: { "kustomize.toolkit.fluxcd.io/revision": revision } },
  involvedObject: { kind: "Kustomization", name },
  ...{ reason: "BuildFailed", message, lastTimestamp: at },
});

test("while the agent tries once more, the event of its last try tells", () => {
  const events = [
    event("the older", "2026-01-01T00:00:00Z"),
    event("the newer", "2026-01-02T00:00:00Z"),
    event("another's", "2026-01-03T00:00:00Z", REVISION, "other"),
  ];
  const [said] = ofAgent(fetched, trying(APPLIED), events);
  assert.deepEqual([said?.stage, said?.detail], ["not built", "the newer"]);
});

test("a look for drift after a good one has nothing against it, whatever older events say", () => {
  const old = [event("of before", "2026-01-01T00:00:00Z", APPLIED)];
  assert.deepEqual(ofAgent(fetched, trying(REVISION, "ReconciliationSucceeded"), old), []);
});

test("what could not be fetched says why, and what to look at", () => {
  const source = (message: string): GitRepository => ({
    metadata: { name: "flux-system" },
    status: { conditions: [{ type: "FetchFailed", status: "True", reason: "GitOperationFailed", message }] },
  });
  const said = (message: string) => ofAgent(source(message), undefined, [])[0];
  assert.match(said("ssh: handshake failed: unable to authenticate")?.remedy ?? "", /refuses the deploy key/);
  assert.match(said("couldn't find remote ref refs/heads/mian")?.remedy ?? "", /sync\.branch/);
  assert.match(said("dial tcp: i/o timeout")?.remedy ?? "", /from the nodes/);
  assert.equal(said("dial tcp: i/o timeout")?.detail, "GitOperationFailed: dial tcp: i/o timeout");
});

test("an agent that somebody has suspended says so, and how to go on", () => {
  const [one] = ofAgent({ ...fetched, spec: { suspend: true } }, undefined, []);
  assert.equal(one?.stage, "suspended");
  assert.match(one?.remedy ?? "", /kubectl patch gitrepository\/flux-system/);
});
