import assert from "node:assert/strict";
import { test } from "node:test";
import { load, loadAll } from "js-yaml";
import { atFirst, type Rotation } from "../../lib/rotation";
import { network } from "../node/example-network";
import { emulated, kvm, type Pace, type Probe } from "../pace";
import { joinToken, tokenSecret } from "./admission";
import { clusterConfiguration } from "./cluster-configuration";
import { registryHosts } from "./containerd";
import { initConfiguration, joinConfiguration, type KubeadmArgs } from "./kubeadm";
import { discoveryKubeconfig, type KubeconfigArgs, kubeconfig } from "./kubeconfig";
import { nodeFiles, shareFiles } from "./node-files";
import type { Issuer } from "./pki";
import { patches, serverFiles } from "./server-files";

const seed = Buffer.alloc(32, 3).toString("base64");
const issuedAt = "2026-01-01T00:00:00Z";
const issuer: Issuer = { seed, issuedAt, authorities: atFirst };
const member = { name: "control-1", address: "10.20.0.11", site: "osl-1", country: "NO", reach: "127.20.0.11" };
const args: KubeadmArgs = {
  clusterName: "local",
  network,
  controlPlanes: [member],
  pace: kvm,
};
const versions = { kubernetes: "v1.36.4" };
const firstKeys = { encryption: atFirst, serviceAccountKeys: atFirst };
const token = "abcdef.0123456789abcdef";

interface StaticPod {
  spec: { containers: [{ name: string; readinessProbe?: Probe }] };
}

// biome-ignore lint/suspicious/noExplicitAny: rendered YAML is looked at by path
function documents(text: string): Map<string, any> {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return new Map((loadAll(text) as any[]).map((document) => [document.kind, document]));
}

function flag(component: { extraArgs: { name: string; value: string }[] }, name: string): string | undefined {
  return component.extraArgs.find((argument) => argument.name === name)?.value;
}

test("an election is held whatever the number, with long leases on emulated CPUs", () => {
  for (const pace of [kvm, emulated]) {
    const { scheduler, controllerManager } = documents(clusterConfiguration({ ...args, pace }, versions)).get(
      "ClusterConfiguration",
    );
    for (const part of [scheduler, controllerManager]) {
      assert.equal(flag(part, "leader-elect"), undefined, "kubeadm's own is true");
      assert.equal(flag(part, "leader-elect-lease-duration"), pace === emulated ? "240s" : undefined);
    }
  }
});

test("where CPUs are emulated no static pod runs on two at once, and the API server keeps no copies", () => {
  const parts = (pace: Pace) => {
    const { apiServer, controllerManager, scheduler, etcd } = documents(
      clusterConfiguration({ ...args, pace }, versions),
    ).get("ClusterConfiguration");
    return [apiServer, controllerManager, scheduler, etcd.local] as const;
  };
  for (const { extraEnvs } of parts(emulated))
    assert.ok(extraEnvs.some((e: { name: string; value: string }) => e.name === "GOMAXPROCS" && e.value === "1"));
  assert.equal(flag(parts(emulated)[0], "watch-cache"), "false");
  for (const part of parts(kvm)) assert.equal(part.extraEnvs, undefined);
  assert.equal(flag(parts(kvm)[0], "watch-cache"), undefined, "thirty nodes and their agents watch");
});

test("the API server encrypts secrets, keeps an audit log and knows nobody anonymous", () => {
  const { apiServer } = documents(clusterConfiguration(args, versions)).get("ClusterConfiguration");
  for (const name of ["encryption-provider-config", "audit-policy-file", "authentication-config"]) {
    assert.match(flag(apiServer, name) ?? "", /^\/etc\/kubernetes\/grunnmur\//, name);
  }
  assert.deepEqual(apiServer.certSANs, ["127.0.0.1", "10.20.0.11", "127.20.0.11"]);
});

test("kubeadm makes its keys on the curve that the authorities have", () => {
  const { encryptionAlgorithm } = documents(clusterConfiguration(args, versions)).get("ClusterConfiguration");
  assert.equal(encryptionAlgorithm, "ECDSA-P256");
});

test("a node says where it stands", () => {
  const { nodeRegistration } = documents(joinConfiguration(args, member, token, false)).get("JoinConfiguration");
  const labels = nodeRegistration.kubeletExtraArgs.find((a: { name: string }) => a.name === "node-labels").value;
  assert.equal(labels, "topology.kubernetes.io/region=NO,topology.kubernetes.io/zone=osl-1");
  const abroad = joinConfiguration(args, { ...member, site: "sto-1", country: "SE" }, token, false);
  assert.match(abroad, /topology\.kubernetes\.io\/region=SE,topology\.kubernetes\.io\/zone=sto-1/);
});

test("only a control plane joins as one", () => {
  assert.equal(
    documents(joinConfiguration(args, member, token, false)).get("JoinConfiguration").controlPlane,
    undefined,
  );
  assert.ok(documents(joinConfiguration(args, member, token, true)).get("JoinConfiguration").controlPlane);
});

test("the token that lets a machine join is the one it brings, and ends by itself", () => {
  const [bootstrap] = documents(initConfiguration(args, member, token)).get("InitConfiguration").bootstrapTokens;
  assert.deepEqual([bootstrap.token, bootstrap.ttl], [token, "24h"]);
  const { metadata, type, stringData } = documents(tokenSecret(token)).get("Secret");
  assert.deepEqual([metadata.name, type], ["bootstrap-token-abcdef", "bootstrap.kubernetes.io/token"]);
  assert.equal(`${stringData["token-id"]}.${stringData["token-secret"]}`, token);
  assert.deepEqual([stringData["auth-extra-groups"]], bootstrap.groups);
  assert.equal(stringData.expiration, "EXPIRATION");
});

test("a machine made anew has another token, in kubeadm's form", () => {
  assert.match(joinToken(seed, "one"), /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  assert.notEqual(joinToken(seed, "one"), joinToken(seed, "two"));
});

test("patience is for emulated CPUs", () => {
  const liveness = (pace: Pace) =>
    patches(pace, { "kube-apiserver": "h" }).filter(({ content }) => /livenessProbe/.test(content)).length;
  assert.deepEqual([liveness(kvm), liveness(emulated)], [0, 5]);
});

test("where CPUs are emulated the API server has more than any other part, and the kubelet less than all pods", () => {
  const wanted = (pace: Pace) =>
    patches(pace, {}).flatMap(({ path, content }) => {
      const pod = load(content) as { spec?: { containers: { resources?: { requests: { cpu: string } } }[] } };
      const cpu = pod.spec?.containers?.[0]?.resources?.requests.cpu;
      return cpu ? [[path.replace(/.*\/|\+.*/g, ""), Number.parseInt(cpu, 10)] as const] : [];
    });
  const asked = new Map(wanted(emulated));
  const others = [...asked].filter(([name]) => name !== "kube-apiserver").map(([, cpu]) => cpu);
  assert.equal(others.length, 3);
  assert.ok((asked.get("kube-apiserver") ?? 0) >= others.reduce((sum, cpu) => sum + cpu, 0));
  const files = new Map(shareFiles(emulated).map(({ path, content }) => [path, content]));
  const weight = (path: string) =>
    Number(/^CPUWeight=(\d+)$/m.exec(files.get(`/etc/systemd/system/${path}`) ?? "")?.[1]);
  const [kubelet, services] = [weight("kubelet.slice"), weight("system.slice.d/grunnmur-weight.conf")];
  assert.match(
    files.get("/etc/systemd/system/kubelet.service.d/20-grunnmur-slice.conf") ?? "",
    /^Slice=kubelet.slice$/m,
  );
  assert.ok(kubelet > 0 && kubelet <= 40, "the kubelet looks and asks without end, and can wait");
  assert.ok(
    services >= 2 * kubelet && services < 80,
    "containerd has ten seconds to put a container that has ended away",
  );
  assert.deepEqual([shareFiles(kvm), wanted(kvm)], [[], []]);
});

test("no static pod is asked each second whether it is ready, as kubeadm has it", () => {
  for (const pace of [kvm, emulated]) {
    const asked = patches(pace, { "kube-apiserver": "h" }).flatMap(({ path, content }) => {
      const [container] = (load(content) as Partial<StaticPod>).spec?.containers ?? [];
      const period = container?.readinessProbe?.periodSeconds;
      return period === undefined ? [] : [[path.split("/").at(-1)?.split("+")[0], container?.name, period >= 10]];
    });
    const pods = ["etcd", "kube-apiserver", "kube-scheduler"];
    assert.deepEqual(
      asked,
      pods.map((name) => [name, name, true]),
    );
  }
});

test("a lease is renewed several times before its end", () => {
  const { election, kubelet, controllerManager } = emulated;
  const seconds = (flag: string) => Number(/^(\d+)s$/.exec(election[`leader-elect-${flag}`] ?? "")?.[1]);
  assert.ok(seconds("renew-deadline") >= 10 * seconds("retry-period"));
  assert.ok(seconds("renew-deadline") < seconds("lease-duration"));
  assert.equal(controllerManager["node-monitor-grace-period"], "2m");
  assert.ok(Number(kubelet.nodeLeaseDurationSeconds) < 120, "a node's lease ends before the node is given up");
});

test("other files of the API server make it another pod", () => {
  const patch = (secret: string) =>
    serverFiles({ ...issuer, seed: secret }, firstKeys, kvm).find(({ path }) => /patches\/kube-apiserver/.test(path))
      ?.content ?? "";
  assert.match(patch(seed), /grunnmur\/files: [0-9a-f]{64}/);
  assert.notEqual(patch(seed), patch(Buffer.alloc(32, 4).toString("base64")));
});

test("another key that signs makes the controller manager another pod too, and one that is only known does not", () => {
  const pods = (serviceAccountKeys: Rotation) =>
    ["kube-apiserver", "kube-controller-manager"].map(
      (pod) =>
        serverFiles(issuer, { ...firstKeys, serviceAccountKeys }, kvm).find(({ path }) =>
          path.includes(`patches/${pod}`),
        )?.content,
    );
  const [first, known, used] = [
    pods(atFirst),
    pods({ used: 0, accepted: [0, 1] }),
    pods({ used: 1, accepted: [0, 1] }),
  ];
  assert.notEqual(first[0], known[0]);
  assert.equal(first[1], known[1]);
  assert.notEqual(known[1], used[1]);
});

test("patches are for control planes: kubeadm refuses a folder that is not there", () => {
  const named = (text: string) => /patches:/.test(text);
  assert.ok(named(initConfiguration(args, member, token)));
  assert.ok(named(joinConfiguration(args, member, token, true)));
  assert.ok(!named(joinConfiguration(args, member, token, false)), "a worker has none");
});

test("a kubeconfig carries the client's certificate, a discovery file the token", () => {
  const at: KubeconfigArgs = { servers: [{ name: "local", url: "https://x:6443" }], caPem: "ca" };
  const admin = JSON.parse(kubeconfig(at, { certificate: "c", privateKey: "k" }));
  assert.deepEqual(admin.users[0].user, { "client-certificate-data": "Yw==", "client-key-data": "aw==" });
  assert.equal(admin["current-context"], "local");
  assert.deepEqual(JSON.parse(discoveryKubeconfig(at, token)).users[0].user, { token });
});

test("every image name leads to the stack's registry, and nowhere else", () => {
  const files = registryHosts({ host: "registry.no", caPem: "ca", reader: { username: "node", password: "x" } });
  const hosts = files.filter(({ path }) => path.endsWith("hosts.toml"));
  assert.ok(hosts.some(({ path }) => path.includes("/_default/")));
  for (const { content, mode, path } of hosts) {
    assert.deepEqual(content.match(/https:\/\/[^/"]+/g), ["https://registry.no"], path);
    assert.equal(mode, 0o600, "it holds the password");
  }
});

test("balancing over one control plane takes it never out, over three it checks", () => {
  const config = (planes: { name: string; address: string }[]) =>
    nodeFiles(network, "10.20.0.12", planes, planes, kvm).find(({ path }) => path === "/etc/haproxy/haproxy.cfg")
      ?.content ?? "";
  assert.doesNotMatch(config([member]), / check/);
  assert.equal(config([member, member, member]).match(/ check check-ssl /g)?.length, 3);
});

test("pods keep their address towards nodes alone: what else is in that network has no way back to a pod", () => {
  const registry = { address: "10.20.0.10" };
  const files = nodeFiles(network, "10.20.0.12", [member, registry], [member], kvm);
  const rules = files.find(({ path }) => path.endsWith("/pods.nft"))?.content ?? "";
  assert.match(rules, /ip daddr != \{ 10\.244\.0\.0\/16, 10\.20\.0\.10, 10\.20\.0\.11 \} masquerade/);
  assert.doesNotMatch(rules, /10\.20\.0\.0\/24/);
});

test("pods get addresses of their node's range", () => {
  const [conflist] = nodeFiles(network, "10.20.0.12", [member], [member], kvm);
  assert.equal(JSON.parse(conflist?.content ?? "").plugins[0].ipam.ranges[0][0].subnet, "10.244.12.0/24");
});
