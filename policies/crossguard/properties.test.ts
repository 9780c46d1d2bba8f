import assert from "node:assert/strict";
import { test } from "node:test";
import { Unknown } from "../cel/unknown";
import { isSecretAt, withoutSecrets } from "./values";

// The packs' own order: @pulumi/policy must load with the small SDK.
require("./small-sdk");
const deserialize = require("@pulumi/policy/deserialize") as {
  deserializeProperties: (struct: object, proxySecrets: boolean) => Record<string, unknown>;
};
const proxy = require("@pulumi/policy/proxy") as {
  unknownStringValue: string;
  unknownCheckingProxy: (props: object) => Record<string, unknown>;
};
const { propertiesOf, readPropertiesOnce } = require("./properties") as typeof import("./properties");

readPropertiesOnce();

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
let reads = 0;
const struct = (values: Record<string, unknown>) => ({
  toJavaScript: () => {
    reads++;
    return values;
  },
});

test("what is not known is Unknown where @pulumi/policy would throw", () => {
  const sent = struct({
    spec: { image: proxy.unknownStringValue, replicas: 3, list: ["a", proxy.unknownStringValue] },
  });
  const props = proxy.unknownCheckingProxy(deserialize.deserializeProperties(sent, false));
  const { values } = propertiesOf(props);
  const spec = values.spec as { image: unknown; replicas: number; list: unknown[] };
  assert.ok(spec.image instanceof Unknown);
  assert.ok(spec.list[1] instanceof Unknown);
  assert.equal(spec.replicas, 3);
});

test("a resource is read once, however many policies look at it", () => {
  const sent = struct({ a: 1 });
  reads = 0;
  for (let i = 0; i < 20; i++) deserialize.deserializeProperties(sent, false);
  assert.equal(reads, 1);
});

test("secrets are known as such and are left out of what is said", () => {
  const sent = struct({ data: { ...SECRET, value: { user: "admin", password: "hunter2 hunter2" } }, plain: "yes" });
  const { values, secrets } = propertiesOf(proxy.unknownCheckingProxy(deserialize.deserializeProperties(sent, false)));
  assert.deepEqual(values, { data: { user: "admin", password: "hunter2 hunter2" }, plain: "yes" });
  assert.equal(
    withoutSecrets("password is hunter2 hunter2, plain is yes", secrets),
    "password is [secret], plain is yes",
  );
});

test("what stands at a secret, in one or around one is not shown, what stands beside one is", () => {
  const secrets = [{ path: "spec.containers[0].image", text: "x" }];
  for (const path of ["spec.containers[0].image", "spec.containers[0]", "spec.containers[0].image.tag"]) {
    assert.ok(isSecretAt(path, secrets), path);
  }
  for (const path of ["", "spec.containers[0].imagePullPolicy", "spec.containers[1].image"]) {
    assert.ok(!isSecretAt(path, secrets), path);
  }
});

test("remediation still gets what @pulumi/policy makes, secrets marked", () => {
  const props = deserialize.deserializeProperties(struct({ token: { ...SECRET, value: "abcdef" } }), true);
  assert.equal(props.token, "abcdef");
});
