import assert from "node:assert/strict";
import { test } from "node:test";
import { controllers, storageAddress } from "./controllers";

interface Manifest {
  kind: string;
  spec: { clusterIP?: string; template?: { spec: { containers: [{ args: string[] }] } } };
}

const images = { sourceController: "source", kustomizeController: "kustomize" };

test("the controllers meet at an address that neither DNS nor a pod's end takes away", () => {
  const made = controllers(images, "10.96.0.0/16", false) as Manifest[];
  const service = made.find(({ kind }) => kind === "Service");
  const args = made.flatMap(({ spec }) => spec.template?.spec.containers[0].args ?? []);
  assert.equal(service?.spec.clusterIP, "10.96.0.11");
  assert.ok(args.includes("--storage-adv-addr=10.96.0.11"), args.join(" "));
});

test("that address is in every range that a stack may have, and not the API's or the DNS's", () => {
  assert.deepEqual(["10.96.0.0/12", "172.20.4.0/24"].map(storageAddress), ["10.96.0.11", "172.20.4.11"]);
});
