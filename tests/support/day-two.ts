import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "../../cli/status/report";
import { environmentDir } from "../../lib/places";
import { ASKED, servedBy, withAcmeServer } from "./acme";
import { alertsReach, MEASURED, withReceiver } from "./alerts";
import { BROKEN, toldAndTakenBack } from "./broken";
import { BANK, theBankIsReached } from "./egress";
import { withClone } from "./git";
import { type Change, type Edit, edited, kubectl, ready, refused, up } from "./local";
import { until } from "./poll";
import { volumesHold } from "./storage";
import { THROUGH_GIT } from "./through-git";
import { grunnmur, must, repository, type, withEnvironment } from "./user";

/** What a person does to an environment that is up, and what an attacker tries, in this order. */
export const CHANGES: Change[] = [
  ...THROUGH_GIT,
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
