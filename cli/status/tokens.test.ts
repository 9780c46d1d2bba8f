import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeApi } from "./kube-api";
import { formerTokens } from "./tokens";

const server = (name: string, startedAt?: string) => ({
  metadata: { name },
  spec: {},
  status: { phase: "Running", containerStatuses: [{ state: startedAt ? { running: { startedAt } } : {} }] },
});

const pod = (phase: string, ...expirationSeconds: number[]) => ({
  metadata: { name: "a" },
  spec: {
    volumes: [
      {},
      {
        projected: {
          sources: [{}, ...expirationSeconds.map((each) => ({ serviceAccountToken: { expirationSeconds: each } }))],
        },
      },
    ],
  },
  status: { phase },
});

const secret = (name: string, creationTimestamp: string) => ({
  metadata: { namespace: "team", name, creationTimestamp },
});

function api(servers: object[], pods: object[] = [], secrets: object[] = []): KubeApi {
  return async <T>(path: string) => {
    const items = path.includes("kube-system/pods?labelSelector=component%3Dkube-apiserver")
      ? servers
      : path.startsWith("/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Fservice-account-token")
        ? secrets
        : path === "/api/v1/pods"
          ? pods
          : assert.fail(path);
    return { state: "answered", value: { items } as T };
  };
}

const two = [
  server("kube-apiserver-control-1", "2026-03-01T10:00:00Z"),
  server("kube-apiserver-control-2", "2026-03-01T10:10:00Z"),
];
const until = async (...pods: object[]) => (await formerTokens(api(two, pods))).until.toISOString();

test("pods have another token an hour after the last API server started, and five minutes to read it", async () => {
  assert.equal(await until(), "2026-03-01T11:15:07.000Z");
  assert.equal(await until(pod("Running", 600)), "2026-03-01T11:15:07.000Z");
});

test("one that asked for a longer life is waited for, a day at most, and one that has ended is not", async () => {
  assert.equal(await until(pod("Running", 3607, 7200), pod("Failed", 9000)), "2026-03-01T12:15:00.000Z");
  assert.equal(await until(pod("Running", 30 * 86400)), "2026-03-02T10:15:00.000Z");
});

test("tokens without an end are named, unless made since", async () => {
  const { secrets } = await formerTokens(
    api(two, [], [secret("old", "2026-03-01T10:09:59Z"), secret("new", "2026-03-01T10:10:01Z")]),
  );
  assert.deepEqual(secrets, ["team/old"]);
});

test("nothing is said where an API server does not run or does not answer", async () => {
  await assert.rejects(formerTokens(api([...two, server("kube-apiserver-control-3")])), /control-3 does not run/);
  await assert.rejects(formerTokens(api([])), /names no API server/);
  const silent: KubeApi = async () => ({ state: "silent", detail: "no answer within 2 s" }) as never;
  await assert.rejects(formerTokens(silent), /did not answer: no answer within 2 s/);
});
