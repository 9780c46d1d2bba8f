import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BREAK_GLASS, BREAK_GLASS_GROUP, driftGuard } from "./drift-guard";
import { type ApiServer, missing, startApiServer } from "./support/api-server";
import type { Answer, Client, Manifest } from "./support/client";
import { TestCluster } from "./support/cluster";

const labels = { "kustomize.toolkit.fluxcd.io/name": "flux-system" };
const DEPLOYMENTS = "/apis/apps/v1/namespaces/production/deployments";
const where = { repository: "ssh://git@git.example.no/config.git", path: "./clusters/prod" };

function deployment(name: string, metadata: Manifest): Manifest {
  const containers = [{ name: "app", image: "registry.example.no/app:1" }];
  const template = { metadata: { labels: { app: name } }, spec: { containers } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "production", ...metadata },
    spec: { replicas: 3, selector: { matchLabels: { app: name } }, template },
  };
}

for (const mode of ["warn", "deny"] as const) {
  describe(`where the guard against drift is to ${mode}`, { skip: missing() ?? false, timeout: 300_000 }, () => {
    let server: ApiServer;
    const clients: Client[] = [];
    const as = (user: string, ...groups: string[]): Client => {
      // With an administrator's rights: what is refused is refused by the guard.
      const client = server.client.asUser(user, [...groups, "system:masters"]);
      clients.push(client);
      return client;
    };
    const patch = (client: Client, change: Manifest, at = "payment-service"): Promise<Answer> =>
      client.send("PATCH", `${DEPLOYMENTS}/${at}`, change, "application/merge-patch+json");
    const told = ({ status, body, warnings }: Answer): string =>
      mode === "deny" ? (status === 403 || status === 422 ? String(body.message) : "") : warnings.join();
    const passes = (answer: Answer): void => {
      assert.ok(answer.status < 300, String(answer.body.message));
      assert.deepEqual(answer.warnings, []);
    };
    const change = (replicas: number): Manifest => ({ spec: { replicas } });

    before(async () => {
      server = await startApiServer();
      const cluster = new TestCluster(server.client);
      await cluster.install([]);
      await cluster.namespace({ metadata: { name: "production", labels } });
      assert.deepEqual([...(await cluster.install(driftGuard({ mode, ...where }) as unknown as Manifest[]))], []);
      const origin = { "config.kubernetes.io/origin": "path: production/payment-service/deployment.yaml\n" };
      await server.client.mustCreate(deployment("payment-service", { labels, annotations: origin }));
      await server.client.mustCreate(deployment("without-origin", { labels }));
      await server.client.mustCreate(deployment("by-hand", {}));
    });
    after(async () => {
      for (const client of clients) client.close();
      await server?.stop();
    });

    it("whoever writes past Git is told the file to change, and the emergency's way", async () => {
      const kari = as("kari");
      const file =
        /change production\/payment-service\/deployment\.yaml below \.\/clusters\/prod of ssh:\/\/git@git\.example\.no\/config\.git/;
      const said = told(await patch(kari, change(1)));
      assert.match(said, file);
      assert.match(said, /deployments production\/payment-service is as Git says/);
      assert.match(said, /grunnmur:break-glass says why/);
      const gone = await kari.send("DELETE", `${DEPLOYMENTS}/payment-service?dryRun=All`);
      assert.match(told(gone), file);
      assert.match(told(await patch(kari, { metadata: { labels: null } })), file, "nor by taking the mark away");
      await patch(as("system:serviceaccount:flux-system:config-reconciler"), { metadata: { labels } });
      assert.match(told(await patch(kari, change(1), "without-origin")), /change it below \.\/clusters\/prod/);
    });

    it("nor is it scaled past Git", async () => {
      const scale = `${DEPLOYMENTS}/payment-service/scale`;
      const answer = await as("kari").send("PATCH", scale, change(1), "application/merge-patch+json");
      assert.match(told(answer), /the replicas of what is in Git/);
      const autoscaler = as("system:serviceaccount:kube-system:horizontal-pod-autoscaler");
      passes(await autoscaler.send("PATCH", scale, change(2), "application/merge-patch+json"));
    });

    it("the agent and the cluster's own write, and what is not Git's anybody may", async () => {
      passes(await patch(as("system:serviceaccount:flux-system:config-reconciler"), change(3)));
      passes(await patch(as("system:serviceaccount:kube-system:deployment-controller"), change(3)));
      passes(await patch(as("system:node:worker-1", "system:nodes"), change(3)));
      passes(await patch(as("kari"), change(1), "by-hand"));
      assert.match(told(await patch(as("system:serviceaccount:production:operator"), change(1))), /as Git says/);
    });

    it("who breaks the glass says why", async () => {
      const because = (reason: string) => ({ metadata: { annotations: { [BREAK_GLASS]: reason } }, ...change(5) });
      assert.match(told(await patch(as("kari"), because("it burns"))), /as Git says/, "not of the group");
      const kari = as("kari", BREAK_GLASS_GROUP);
      assert.match(told(await patch(kari, because(" "))), /as Git says/, "a reason that is none");
      passes(await patch(kari, because("it burns")));
    });
  });
}

it("where it is off, nothing guards", () => assert.deepEqual(driftGuard({ mode: "off", ...where }), []));
