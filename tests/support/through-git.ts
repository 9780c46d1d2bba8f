import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeRoot } from "../../lib/places";
import { nothingIsReached } from "./egress";
import { withClone } from "./git";
import { lookAround, pastGit } from "./handbook";
import { type Change, kubectl, ready } from "./local";
import { pipelineReleases } from "./pipeline";
import { until } from "./poll";
import { secretArrives, secretsKeyIsRotated } from "./secrets";
import { followTutorial, tutorialCommands } from "./tutorial";
import { applied, grunnmur, must } from "./user";

/** What is tried from outside the environment, and through Git. */
export const THROUGH_GIT: Change[] = [
  {
    name: "out of the site goes nothing that is not declared, whatever the cluster's own policies say",
    run: nothingIsReached,
  },
  {
    name: "what the handbook says to look with is typed as it stands",
    run: async (tell) => tell(`${await lookAround()} commands`),
  },
  {
    name: "in an emergency Git is gone past as the handbook has it, and back",
    long: true,
    run: async (tell) => tell(`undone ${(await pastGit()).toFixed(0)} s after the agent was let go on`),
  },
  {
    name: "what comes from outside reaches the demo by the name that the stack gives it, and by no other",
    run: async (tell, outputs) => {
      const answer = async () => (await must(grunnmur(["curl", "-sS", "-m", "60", HOST_URL]))).stdout;
      const seconds = await until("the demo from outside", 600, async () =>
        answer().then((text) => text.includes("payment-service")),
      );
      tell(`the demo answered from outside after ${seconds.toFixed(0)} s`);
      const address = [
        "get",
        "ingress",
        "payment-service",
        "-n",
        "production",
        "-o",
        "jsonpath={.status.loadBalancer.ingress[0].ip}",
      ];
      assert.equal((await must(kubectl(...address))).stdout, WORKER);
      // As anybody in the nodes' network does, and at a name that nobody has.
      const asked = (url: string) =>
        `curl -sk -o /dev/null -m 60 -w '%{http_code} %{redirect_url}' --resolve '*:80:${WORKER}' --resolve '*:443:${WORKER}' ${url}`;
      const from = async (url: string) => (await must(grunnmur(["ssh", "registry-1", asked(url)]))).stdout;
      assert.equal(await from(HOST_URL.replace("https", "http")), `308 ${HOST_URL}`);
      assert.equal(await from(HOST_URL), "200 ");
      assert.equal(await from("https://other.local.grunnmur.internal/"), "404 ");

      const taken = ingress("other.local.grunnmur.internal");
      const refusedBy =
        /ingress-host-declared.*other\.local\.grunnmur\.internal; allowed in production are payment\.local/s;
      await withClone(outputs, async ({ directory }) => {
        const folder = join(directory, "clusters/local/production/payment-service");
        writeFileSync(join(folder, "ingress.yaml"), taken);
        const review = await grunnmur(["check", "--stack", "local", folder]);
        assert.equal(review.code, 1, review.stdout);
        assert.match(review.stdout, refusedBy);
      });
      const file = join(tmpdir(), `grunnmur-ingress-${process.pid}.yaml`);
      writeFileSync(file, taken);
      const written = await applied(file, "--force-conflicts", "--dry-run=server");
      rmSync(file);
      assert.notEqual(written.code, 0);
      assert.match(written.stderr, refusedBy);
    },
  },
  {
    name: "another home neither takes the environment over nor takes it down",
    run: async () => {
      const home = mkdtempSync(join(tmpdir(), "grunnmur-other-home-"));
      try {
        mkdirSync(home, { recursive: true });
        symlinkSync(storeRoot(), join(home, "store"));
        const taken = await grunnmur(["up", "--yes"], { env: { GRUNNMUR_HOME: home } });
        assert.notEqual(taken.code, 0);
        assert.match(taken.stderr, /belongs to the environment in/);
        await grunnmur(["destroy", "--yes"], { env: { GRUNNMUR_HOME: home } });
        await ready();
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
  },
  {
    name: "a second application runs by the tutorial's commands, fewer than 15",
    run: async (tell, outputs) => {
      assert.ok(tutorialCommands().length < 15);
      // The tutorial begins with an environment that is ready.
      await ready();
      tell(`the second application ran after ${(await followTutorial()).seconds.toFixed(0)} s`);
      await withClone(outputs, async ({ git }) => {
        await must(git("revert", "--no-edit", "HEAD"));
        await must(git("push", "-q"));
      });
    },
  },
  {
    name: "an application's pipeline tests, builds, pushes and proposes, and what a person merges is live",
    run: (tell, outputs) => pipelineReleases(outputs, tell),
  },
  {
    name: "a Secret in Git is refused in plain text, and arrives where it is encrypted for the cluster, and where it is edited",
    run: (tell, outputs) => secretArrives(outputs, tell),
  },
  {
    name: "the key for Secrets in Git is rotated, and they arrive by the new one alone",
    long: true,
    run: (tell, outputs) => secretsKeyIsRotated(outputs, tell),
  },
  {
    name: "a commit that reaches for the nodes is refused in review and by the cluster",
    run: (_tell, outputs) =>
      withClone(outputs, async ({ directory, git }) => {
        const folder = join(directory, "clusters/local");
        const list = join(folder, "kustomization.yaml");
        writeFileSync(join(folder, "hostile.yaml"), HOSTILE);
        writeFileSync(list, readFileSync(list, "utf8").replace("- production", "- production\n  - hostile.yaml"));
        const review = await grunnmur(["check", "--stack", "local", folder]);
        assert.equal(review.code, 1, review.stdout);
        assert.match(review.stdout, /hostile\.yaml:\d+: error: tenant-own-namespaces/);
        await must(git("add", "-A"));
        await must(git("commit", "-qm", "Take the nodes"));
        await must(git("push", "-q"));
        await until("the refusal", 600, async () => {
          const { stdout } = await must(
            kubectl("get", "kustomization", "flux-system", "-n", "flux-system", "-o", "json"),
          );
          return stdout.includes("'tenant-own-namespaces'");
        });
        assert.notEqual((await kubectl("get", "daemonset", "hostile", "-n", "kube-system")).code, 0);
        const { stdout } = await grunnmur(["status"]);
        assert.match(
          stdout,
          /refused: DaemonSet kube-system\/hostile, clusters\/local\/hostile\.yaml:\d+, commit [0-9a-f]{8} "Take the nodes" by A Person/,
        );
        await must(git("revert", "--no-edit", "HEAD"));
        await must(git("push", "-q"));
      }),
  },
];

const HOSTILE = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: hostile, namespace: kube-system }
spec:
  selector: { matchLabels: { app: hostile } }
  template:
    metadata: { labels: { app: hostile } }
    spec:
      tolerations: [{ operator: Exists }]
      containers: [{ name: a, image: "registry.local.grunnmur.internal/payment-service:x", securityContext: { privileged: true } }]
      volumes: [{ name: root, hostPath: { path: / } }]
`;

const HOST_URL = "https://payment.local.grunnmur.internal/version";
const WORKER = "10.20.0.12";

const ingress = (host: string): string => `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: payment-service, namespace: production }
spec:
  rules:
    - host: ${host}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: payment-service, port: { name: http } } } }] }
`;
