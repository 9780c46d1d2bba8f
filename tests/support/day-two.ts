import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outputs } from "../../cli/pulumi/outputs";
import type { Report } from "../../cli/status/report";
import { environmentDir, storeRoot } from "../../lib/places";
import { ASKED, servedBy, withAcmeServer } from "./acme";
import { alertsReach, MEASURED, withReceiver } from "./alerts";
import { BROKEN, toldAndTakenBack } from "./broken";
import { BANK, nothingIsReached, theBankIsReached } from "./egress";
import { withClone } from "./git";
import { pipelineReleases } from "./pipeline";
import { until } from "./poll";
import { volumesHold } from "./storage";
import { followTutorial, tutorialCommands } from "./tutorial";
import { applied, grunnmur, must, repository, type, withEnvironment } from "./user";

/**
 * What a person does to an environment that is up, and what an attacker tries, in this order. None waits until the agent has
 * taken back what it pushed.
 */
export interface Change {
  name: string;
  /** Takes minutes, and what it tries is held by quicker tests in part; run only where GRUNNMUR_TEST_ALL is set. */
  long?: boolean;
  run(tell: (figure: string) => void, outputs: Outputs): Promise<void>;
}

const stackFile = join(repository, "Pulumi.local.yaml");
const kubectl = (...args: string[]) => grunnmur(["kubectl", ...args]);
const up = (...args: string[]) => grunnmur(["up", "--yes", ...args]);
const ready = () => until("an environment that is ready", 900, async () => (await grunnmur(["status"])).code === 0);

type Edit = [from: string, to: string];

/** Runs `work` with the stack file edited. */
async function edited(edits: Edit[], work: () => Promise<void>): Promise<void> {
  const before = readFileSync(stackFile, "utf8");
  let text = before;
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  writeFileSync(stackFile, text);
  try {
    await work();
  } finally {
    writeFileSync(stackFile, before);
  }
}

/** In review and by `up`, side by side: the one needs no lock, and the other stops before it touches anything. */
async function refused(edits: Edit[], ...messages: RegExp[]): Promise<void> {
  await edited(edits, async () => {
    const both = await Promise.all([grunnmur(["preview"]), up()]);
    both.forEach(({ code, stdout, stderr }, index) => {
      assert.notEqual(code, 0, `${index === 0 ? "preview" : "up"} went ahead with ${edits}`);
      for (const message of messages) assert.match(stdout + stderr, message);
    });
  });
}

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

export const CHANGES: Change[] = [
  {
    name: "out of the site goes nothing that is not declared, whatever the cluster's own policies say",
    run: nothingIsReached,
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
    name: "a Secret in Git is refused in plain text, and arrives where it is encrypted for the cluster",
    run: (tell, outputs) =>
      withClone(outputs, async ({ directory, git }) => {
        const folder = join(directory, "clusters/local/production");
        const file = join(folder, "database.yaml");
        const list = join(folder, "kustomization.yaml");
        writeFileSync(file, DATABASE);
        writeFileSync(list, readFileSync(list, "utf8").replace("resources:\n", "resources:\n  - database.yaml\n"));
        const check = () => grunnmur(["check", "--stack", "local", folder]);
        const plain = await check();
        assert.equal(plain.code, 1, plain.stdout);
        assert.match(plain.stdout, /database\.yaml:\d+: error: secrets-not-plain-in-git/);
        const encrypting = await must(grunnmur(["sops", "encrypt", "--in-place", file]));
        assert.doesNotMatch(readFileSync(file, "utf8"), /precious/);
        assert.equal((await check()).code, 0);
        assert.match((await must(grunnmur(["sops", "decrypt", file]))).stdout, /password: precious/);
        await must(git("add", "-A"));
        await must(git("commit", "-qm", "Give the database a password"));
        await must(git("push", "-q"));
        const get = ["get", "secret", "database", "-n", "production", "-o", "jsonpath={.data.password}"];
        const arrived = await until("the Secret", 300, async () => {
          const { stdout } = await kubectl(...get);
          return Buffer.from(stdout, "base64").toString() === "precious";
        });
        tell(`encrypted in ${encrypting.seconds.toFixed(0)} s, in the cluster ${arrived.toFixed(0)} s after the push`);
        await must(git("revert", "--no-edit", "HEAD"));
        await must(git("push", "-q"));
      }),
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
  {
    name: "one up gives a running worker more memory, lets out of the site what is declared, and has Git not written past but by who says why; a report tells all",
    run: (tell) => {
      const more: Edit = ["memoryMiB: 2048", "memoryMiB: 2304"];
      const deny: Edit = ["config:\n", "config:\n  grunnmur:cluster: { driftGuard: deny }\n"];
      const bank: Edit = ["  grunnmur:sync:\n", `${BANK}  grunnmur:sync:\n`];
      return edited([more, deny, bank], async () => {
        if (process.env.GRUNNMUR_TEST_ALL) await killedWhileEmpty();
        const changed = await must(up());
        assert.match(changed.stdout, /restarting worker-1/);
        assert.ok((await memoryMiB()) > 2100, "worker-1 is not bigger");
        await ready();
        assert.equal(await takesNoPods(), false);
        tell(`more memory, a destination, a guard that refuses: up took ${changed.seconds.toFixed(0)} s`);
        await gitIsNotWrittenPast();
        await theBankIsReached();
        await reportTells(tell);
      });
    },
  },
  {
    name: "a guest that was stopped is started, and goes back to what it was at first, by one up",
    long: true,
    run: async (tell) => {
      const uri = `qemu:///system?socket=${join(environmentDir("local"), "libvirt/run/libvirt-sock")}`;
      await must(type("virsh", ["-c", uri, "destroy", "worker-1"]));
      const preview = await must(grunnmur(["preview"]));
      assert.match(preview.stdout, /worker-1-domain update/);
      const started = await must(up());
      assert.match(started.stdout, /guest worker-1 started/);
      assert.ok((await memoryMiB()) < 2100, "worker-1 has not its size of before");
      tell(`a stopped guest: up took ${started.seconds.toFixed(0)} s`);
      await ready();
    },
  },
  {
    name: "a commit whose image the registry does not have is told with its file, its line and the registry's answer",
    long: true,
    run: async (tell, outputs) => {
      const broken = BROKEN.find(({ stage }) => stage === "not pulled");
      assert.ok(broken);
      const { known, doctor } = await toldAndTakenBack(broken, outputs);
      tell(`told ${known.toFixed(0)} s after the push; doctor took ${doctor.toFixed(0)} s`);
      await ready();
    },
  },
  {
    name: "what cannot change is refused before anything is touched, and what deletes data asks by name",
    long: true,
    run: async () => {
      await refused(
        [
          ["config:\n", "config:\n  grunnmur:cluster: { name: other }\n"],
          ["name: worker-1", "name: worker-9"],
        ],
        /cluster\.name is "local" and cannot/,
        /10\.20\.0\.12 is the address of worker-1/,
      );
      await edited([["path: ./clusters/local", "path: ./clusters/other"]], async () => {
        const [preview, { code, stderr }] = await Promise.all([must(grunnmur(["preview"])), up()]);
        assert.match(preview.stdout, /this change deletes data/);
        assert.notEqual(code, 0);
        assert.match(stderr, /Nothing was touched\. To go ahead: .*--accept-loss sync/);
      });
    },
  },
  {
    name: "what is off at first works once it is on: volumes that stay, and what pods and nodes use",
    long: true,
    run: async (tell) => {
      const on = "config:\n  grunnmur:storage: { enabled: true }\n  grunnmur:metrics: { enabled: true }\n";
      await edited([["config:\n", on]], async () => {
        tell(`volumes and metrics: up took ${(await must(up())).seconds.toFixed(0)} s`);
        const top = async (...what: string[]) => (await must(kubectl("top", ...what))).stdout;
        const seconds = await until("kubectl top", 600, async () =>
          /^control-1 .*^worker-1 /ms.test(await top("nodes", "--no-headers")),
        );
        tell(`kubectl top answers ${seconds.toFixed(0)} s later`);
        assert.match(await top("pods", "-n", "production", "--no-headers"), /^payment-service-\S+ +\d+m +\d+Mi/);
        await volumesHold(tell);
        assert.match((await must(up())).stderr, /No changes/);
      });
      await must(up());
      await ready();
      assert.notEqual((await kubectl("top", "nodes")).code, 0);
    },
  },
  {
    name: "the platform is measured where it shall be, and who shall be told is told",
    long: true,
    run: async (tell) => {
      await withReceiver(async (posted) => {
        await edited(MEASURED, () => alertsReach(tell, up, posted));
      });
      await must(up());
      await ready();
      assert.notEqual((await kubectl("get", "deployment", "prometheus", "-n", "kube-system")).code, 0);
    },
  },
  {
    name: "a name gets a certificate of an ACME server, and has the environment's own again without one",
    long: true,
    run: async (tell, outputs) => {
      const name = "payment.local.grunnmur.internal";
      const secret = ["get", "secret", "ingress-acme", "-n", "kube-system"];
      await withAcmeServer(async () => {
        await edited(ASKED, async () => {
          const asked = await must(up());
          const seconds = await servedBy(/^Pebble/, name, outputs);
          tell(
            `an ACME server: up took ${asked.seconds.toFixed(0)} s, its certificate came ${seconds.toFixed(0)} s later`,
          );
          await ready();
          const { certificates } = JSON.parse((await must(grunnmur(["status", "--json"]))).stdout) as Report;
          assert.ok(certificates.some(({ of }) => of === name));
          await must(kubectl(...secret));
          assert.match((await must(up())).stderr, /No changes/);
        });
      });
      await must(up());
      await servedBy(/^grunnmur ingress$/, name, outputs);
      assert.notEqual((await kubectl(...secret)).code, 0);
    },
  },
  {
    name: "the authority of the names from outside is rotated, and who trusts both is answered before and after",
    long: true,
    run: async (tell, outputs) => {
      const trusted = async (): Promise<string> =>
        JSON.parse((await must(withEnvironment("pulumi stack output ingress --stack local --json"))).stdout).caPem;
      const asked = () => grunnmur(["curl", "-sS", "https://payment.local.grunnmur.internal/version"]);
      const begun = await must(grunnmur(["rotate", "ingress", "--yes"]));
      const both = await trusted();
      assert.ok(both.startsWith(outputs.ingress?.caPem ?? "none"));
      await must(asked());
      const finished = await must(grunnmur(["rotate", "ingress", "--finish", "--yes"]));
      assert.ok(both.endsWith(await trusted()) && both !== (await trusted()));
      const shown = await until("a certificate by the new one", 600, async () => (await asked()).code === 0);
      const [first, rest] = [begun, finished].map(({ seconds }) => seconds.toFixed(0));
      tell(`rotate ingress took ${first} s, --finish ${rest} s; the new one was shown ${shown.toFixed(0)} s later`);
    },
  },
  {
    name: "the agent is moved to another path and back, and prunes only what was named",
    long: true,
    run: async (tell, outputs) => {
      await withClone(outputs, async ({ directory, git }) => {
        const folder = join(directory, "clusters/other");
        mkdirSync(folder);
        writeFileSync(join(folder, "namespace.yaml"), NAMESPACE);
        await must(git("add", "-A"));
        await must(git("commit", "-qm", "Another path"));
        await must(git("push", "-q"));
      });
      await edited([["path: ./clusters/local", "path: ./clusters/other"]], async () => {
        const moved = await must(up("--accept-loss", "sync"));
        await until(
          "the end of production",
          600,
          async () => (await kubectl("get", "namespace", "production")).code !== 0,
        );
        await must(kubectl("get", "namespace", "staging"));
        tell(`another path: up took ${moved.seconds.toFixed(0)} s`);
      });
      const back = await must(up("--accept-loss", "sync"));
      tell(`and back: ${back.seconds.toFixed(0)} s`);
      await ready();
    },
  },
  {
    name: "a registry that is made anew is filled again",
    long: true,
    run: async (tell) => {
      const urn =
        "urn:pulumi:local::grunnmur::grunnmur:platform:Platform$grunnmur:node:KvmNode$command:local:Command::registry-1-disk";
      const remade = await must(withEnvironment(`pulumi up --stack local --yes --skip-preview --replace '${urn}'`));
      tell(`registry made anew: ${remade.seconds.toFixed(0)} s`);
      await ready();
    },
  },
];

/** What an administrator is told, and how he does it all the same. */
async function gitIsNotWrittenPast(): Promise<void> {
  const patch = (change: object, ...as: string[]) =>
    kubectl(
      "patch",
      "deployment/payment-service",
      "-n",
      "production",
      "--type=merge",
      "-p",
      JSON.stringify(change),
      ...as,
    );
  const refused = await patch({ spec: { replicas: 1 } });
  assert.notEqual(refused.code, 0);
  assert.match(
    refused.stderr,
    /change production\/payment-service\/deployment\.yaml below \.\/clusters\/local of ssh:/,
  );
  assert.notEqual((await kubectl("scale", "deployment/payment-service", "-n", "production", "--replicas=1")).code, 0);
  const broken = { metadata: { annotations: { "grunnmur.internal/break-glass": "a test" } }, spec: { replicas: 4 } };
  await must(patch(broken, "--as=kari", "--as-group=grunnmur:break-glass", "--as-group=system:masters"));
  const audit = "grep -h drift-guard/break-glass /var/log/kubernetes/audit.log | tail -1";
  assert.match((await must(grunnmur(["ssh", "control-1", audit]))).stdout, /"kari"[\s\S]*kari: a test/);
  const replicas = ["get", "deployment/payment-service", "-n", "production", "-o", "jsonpath={.spec.replicas}"];
  await until("what Git says", 300, async () => (await kubectl(...replicas)).stdout !== "4");
}

/** An `up` that ends, as by a power cut, while it empties a worker whose guest it is to restart. */
async function killedWhileEmpty(): Promise<void> {
  const child = spawn(join(repository, "grunnmur"), ["up", "--yes"], { detached: true, stdio: "ignore" });
  const ended = once(child, "exit");
  await until("worker-1 to be emptied", 600, takesNoPods);
  process.kill(-(child.pid ?? assert.fail()), "SIGKILL");
  await ended;
}

const takesNoPods = async (): Promise<boolean> =>
  (await kubectl("get", "node", "worker-1", "-o", "jsonpath={.spec.unschedulable}")).stdout === "true";

/** What is in force, what runs, and who went past Git and why. */
async function reportTells(tell: (figure: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-report-"));
  try {
    const written = await must(grunnmur(["report", "--to", directory]));
    tell(`report: ${written.seconds.toFixed(0)} s`);
    const [page = "", materials = ""] = written.stdout.trim().split("\n");
    const text = readFileSync(page, "utf8");
    for (const told of ["kari: a test", "Take the nodes", "in force"]) {
      assert.ok(text.includes(told), told);
    }
    assert.doesNotMatch(text, /not in force<|PRIVATE KEY|Could not be established/);
    const { components } = JSON.parse(readFileSync(materials, "utf8")) as { components: { name: string }[] };
    const names = new Set(components.map(({ name }) => name));
    for (const name of ["kubelet", "systemd", "registry.local.grunnmur.internal/payment-service"]) {
      assert.ok(names.has(name), name);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const DATABASE = `apiVersion: v1
kind: Secret
metadata: { name: database, namespace: production }
stringData:
  password: precious
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

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: staging
  labels: { grunnmur.internal/personal-data: "false" }
`;

/** Of worker-1, as its kernel sees it. */
async function memoryMiB(): Promise<number> {
  const { stdout } = await must(grunnmur(["ssh", "worker-1", "grep", "MemTotal", "/proc/meminfo"]));
  return Number(/(\d+) kB/.exec(stdout)?.[1]) / 1024;
}
