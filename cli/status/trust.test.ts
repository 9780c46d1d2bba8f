import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeApi } from "./kube-api";
import { formerTrust } from "./trust";

const given = (namespace: string, ...times: string[]) => ({
  metadata: { namespace, managedFields: times.map((time) => ({ time })) },
});
const projected = (...names: string[]) => ({
  volumes: [{}, { projected: { sources: [{}, ...names.map((name) => ({ configMap: { name } }))] } }],
});
const pod = (name: string, startTime: string | undefined, { phase = "Running", asks = true } = {}) => ({
  metadata: { namespace: "team", name },
  spec: projected("other", ...(asks ? ["kube-root-ca.crt"] : [])),
  status: { phase, startTime },
});

function api(pods: object[], configMaps: object[]): KubeApi {
  return async <T>(path: string) => {
    const items =
      path === "/api/v1/pods"
        ? pods
        : path === "/api/v1/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt"
          ? configMaps
          : assert.fail(path);
    return { state: "answered", value: { items } as T };
  };
}

const at = "2026-03-01T10:00:00Z";

test("pods that may ask the API and were started before their namespace had the authorities are named", async () => {
  const pods = [
    pod("old", "2026-03-01T09:00:00Z"),
    pod("same-second", at),
    pod("new", "2026-03-01T10:00:01Z"),
    pod("asks-nothing", "2026-03-01T09:00:00Z", { asks: false }),
    pod("ended", "2026-03-01T09:00:00Z", { phase: "Succeeded" }),
    pod("not-started", undefined, { phase: "Pending" }),
  ];
  const found = await formerTrust(api(pods, [given("team", "2026-02-01T10:00:00Z", at), given("other", at)]));
  assert.deepEqual(found, ["team/old", "team/same-second"]);
});

test("an API that does not answer is no answer", async () => {
  const silent: KubeApi = async () => ({ state: "dead", detail: "no route" });
  await assert.rejects(formerTrust(silent), /did not answer: no route/);
});
