import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./poll";
import { applied, grunnmur, must } from "./user";

const kubectl = (...args: string[]) => grunnmur(["kubectl", ...args]);
const ssh = async (script: string) => (await must(grunnmur(["ssh", "worker-1", script]))).stdout.trim();
const get = async (path: string, ...what: string[]) =>
  (await must(kubectl("get", "-n", "production", ...what, "-o", `jsonpath={${path}}`))).stdout;

const FOLDER = "/var/lib/grunnmur/data/volumes";
const NAME = "ledger";

/** A service with a volume of its own, where all rules hold: the demo's, as a StatefulSet. */
async function statefulSet(): Promise<object> {
  const { stdout } = await must(kubectl("get", "deployment", "payment-service", "-n", "production", "-o", "json"));
  const { template } = JSON.parse(stdout).spec;
  const labels = { app: NAME };
  const [container] = template.spec.containers;
  const spec = {
    ...template.spec,
    topologySpreadConstraints: [],
    containers: [{ ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] }],
  };
  const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: NAME, namespace: "production", labels },
    spec: {
      replicas: 1,
      serviceName: NAME,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claim }],
    },
  };
}

const ready = async () => (await get(".status.readyReplicas", "statefulset", NAME)) === "1";

/** Runs a script on the worker with `$data`, the volume as the pod's own process sees it. */
const inPod = (script: string) =>
  ssh(
    `for each in $(pgrep payment-service); do if [ -d /proc/$each/root/data ]; then data=/proc/$each/root/data; ${script}; fi; done`,
  );

/** A volume is made where its pod is, keeps what was written over the node's reboot, and goes with its claim. */
export async function volumesHold(tell: (figure: string) => void): Promise<void> {
  const file = join(tmpdir(), `grunnmur-${NAME}-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(await statefulSet()));
  try {
    await must(applied(file));
    tell(`a claim, its volume and its pod: ${(await until("a pod with its volume", 600, ready)).toFixed(0)} s`);
    const volume = await get(".spec.volumeName", "pvc", `data-${NAME}-0`);
    assert.match(volume, /^pvc-/);
    assert.equal(await get(".spec.storageClassName", "pvc", `data-${NAME}-0`), "node-disk");
    await ssh(`cd ${FOLDER}/${volume} && setpriv --reuid 65532 --regid 65532 --clear-groups sh -c 'echo kept > mark'`);
    assert.equal(await inPod("cat $data/mark"), "kept");
    assert.equal(await ssh(`stat -c %a ${FOLDER}`), "700");

    const boot = () => ssh("cat /proc/sys/kernel/random/boot_id");
    const before = await boot();
    await grunnmur(["ssh", "worker-1", "systemctl reboot"]);
    await until("the worker's next boot", 300, async () => (await boot()) !== before);
    const back = await until("the pod after the reboot", 900, async () => (await inPod("cat $data/mark")) === "kept");
    await until("a pod that is ready", 600, ready);
    tell(`the volume in its pod again ${back.toFixed(0)} s after the node's reboot`);
    assert.equal(await get(".spec.volumeName", "pvc", `data-${NAME}-0`), volume);

    await must(kubectl("delete", "statefulset", NAME, "-n", "production", "--wait=true"));
    await must(kubectl("delete", "pvc", `data-${NAME}-0`, "-n", "production", "--wait=true"));
    await until("the volume's end", 300, async () => (await kubectl("get", "pv", volume)).code !== 0);
    assert.equal(await ssh(`ls ${FOLDER}`), "");
  } finally {
    rmSync(file);
    const rest = ["statefulset/ledger", `pvc/data-${NAME}-0`, "-n", "production", "--ignore-not-found", "--wait=false"];
    await kubectl("delete", ...rest);
  }
}
