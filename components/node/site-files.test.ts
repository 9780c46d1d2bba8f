import assert from "node:assert/strict";
import { test } from "node:test";
import { egress, network } from "./example-network";
import type { Peer } from "./node";
import { podRange, siteFiles } from "./site-files";

const peers: Peer[] = [
  { name: "registry-1", role: "registry", address: "10.20.0.10" },
  { name: "control-1", role: "control-plane", address: "10.20.0.11" },
  { name: "worker-1", role: "worker", address: "10.20.0.12" },
];

function content(self: Peer, path: string, site = network): string | undefined {
  return siteFiles(site, egress, self, peers, "registry.example").find((file) => file.path === path)?.content;
}

test("a node's pod range follows its own address, whoever its neighbours are", () => {
  assert.equal(podRange(network, "10.20.0.12"), "10.244.12.0/24");
  assert.equal(podRange({ ...network, cidr: "10.20.0.0/22", podCidr: "10.240.0.0/12" }, "10.20.3.1"), "10.243.1.0/24");
});

test("an address beyond the pod network's ranges is refused with the figures and the mend", () => {
  assert.throws(() => podRange({ ...network, podCidr: "10.244.0.0/22" }, "10.20.0.12"), {
    message: /no pod range for 10.20.0.12: it is number 12 of 10.20.0.0\/24, and 10.244.0.0\/22 has 4 ranges/,
  });
  assert.throws(() => podRange(network, "10.19.0.12"), /no pod range/);
});

test("a thousand nodes in a /20 have pod ranges of their own, inside the pods' /14", () => {
  const site = { ...network, cidr: "10.20.0.0/20", podCidr: "10.244.0.0/14" };
  const ranges = Array.from({ length: 1000 }, (_, i) =>
    podRange(site, `10.20.${Math.floor((i + 2) / 256)}.${(i + 2) % 256}`),
  );
  assert.equal(new Set(ranges).size, 1000);
  for (const range of ranges) assert.match(range, /^10\.24[4-7]\.\d+\.0\/24$/);
});

test("a worker routes to the control plane's pods, not to its own and not to the registry", () => {
  const [, , worker] = peers as [Peer, Peer, Peer];
  const routes = content(worker, "/etc/systemd/network/10-site.network.d/pods.conf");
  assert.equal(routes, "[Route]\nDestination=10.244.11.0/24\nGateway=10.20.0.11\n");
});

test("the registry routes to every pod, so that it can answer them", () => {
  const [registry] = peers as [Peer];
  const routes = content(registry, "/etc/systemd/network/10-site.network.d/pods.conf") ?? "";
  assert.deepEqual(routes.match(/Destination=\S+/g), ["Destination=10.244.11.0/24", "Destination=10.244.12.0/24"]);
});

test("the registry's name leads to its node", () => {
  const [, control] = peers as [Peer, Peer];
  assert.match(content(control, "/etc/hosts") ?? "", /^10\.20\.0\.10 registry-1 registry\.example$/m);
});

test("time servers are written only where there are some", () => {
  const [registry] = peers as [Peer];
  const path = "/etc/chrony/sources.d/site.sources";
  assert.equal(content(registry, path), undefined);
  assert.equal(content(registry, path, { ...network, ntpServers: ["ntp.no"] }), "server ntp.no iburst\n");
});

test("the order in which nodes are declared changes no file", () => {
  const [self] = peers as [Peer];
  const swapped = siteFiles(network, egress, self, [...peers].reverse(), "registry.example");
  assert.deepEqual(swapped, siteFiles(network, egress, self, peers, "registry.example"));
});

test("resolvers, gateway and prefix are files of a node, and not of its seed alone", () => {
  const [, , worker] = peers as [Peer, Peer, Peer];
  const site = { ...network, cidr: "10.20.0.0/22", gateway: "10.20.0.254", dnsServers: ["10.20.0.53"] };
  assert.equal(content(worker, "/etc/resolv.conf", site), "nameserver 10.20.0.53\n");
  const file = content(worker, "/etc/systemd/network/10-site.network", site) ?? "";
  assert.match(file, /^Address=10\.20\.0\.12\/22\nGateway=10\.20\.0\.254$/m);
});
