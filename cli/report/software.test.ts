import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { repositoryPath } from "../../lib/places";
import type { Pod } from "../change/observed";
import { billOfMaterials, imagesOf, programsOf } from "./software";
import { evidenceOfProd } from "./support/evidence";

const SHA = "ab".repeat(32);
const ABOUT = { stack: "prod", at: "2026-12-01T08:15:00.000Z", by: "0.1.0", suite: "trixie" };

test("equal packages and programs of several nodes are one, different versions are two", () => {
  const found = programsOf(
    new Map([
      ["control-1", `package\tbash\t5.2\tamd64\npackage\tzlib1g\t1.3\tamd64\nprogram\tkubelet\t${SHA}\n`],
      ["worker-1", `package\tbash\t5.2\tamd64\npackage\tzlib1g\t1.4\tamd64\nprogram\tkubelet\t${SHA}\nnoise\n`],
    ]),
    (_, program) => (program === "kubelet" ? "v1.36.4" : null),
  );
  assert.deepEqual(
    found.map(({ kind, name, version, where }) => [kind, name, version, where.join()]),
    [
      ["package", "bash", "5.2", "control-1,worker-1"],
      ["package", "zlib1g", "1.3", "control-1"],
      ["package", "zlib1g", "1.4", "worker-1"],
      ["program", "kubelet", "v1.36.4", "control-1,worker-1"],
    ],
  );
});

const skip = spawnSync("dpkg-query", ["--version"]).error && "no dpkg here";
test("the node's script tells its packages", { skip }, () => {
  const text = execFileSync("sh", [repositoryPath("cli", "report", "software.sh")], { encoding: "utf8" });
  const found = programsOf(new Map([["here", text]]), () => null);
  const dpkg = found.find(({ name }) => name === "dpkg");
  assert.match(dpkg?.version ?? "", /^\d/);
  assert.ok(dpkg?.architecture);
});

const pod = (name: string, image: string, imageID: string): Pod =>
  ({
    metadata: { name, namespace: "production" },
    status: { containerStatuses: [{ name: "a", image, imageID }] },
  }) as unknown as Pod;

test("an image is told by its digest, with the pods that run it", () => {
  const id = `registry.example.no/shop@sha256:${SHA}`;
  const found = imagesOf([
    pod("a", "registry.example.no/shop:1.2", id),
    pod("b", "registry.example.no/shop:1.2", id),
    pod("c", "registry.example.no:5000/team/shop@sha256:0", `registry.example.no:5000/team/shop@sha256:${SHA}`),
    pod("d", "registry.example.no/late:1", ""),
  ]);
  assert.deepEqual(
    found.map(({ name, version, where }) => [name, version, where.join()]),
    [
      ["registry.example.no:5000/team/shop", null, "production/c"],
      ["registry.example.no/shop", "1.2", "production/a,production/b"],
    ],
  );
});

test("the bill of materials is valid CycloneDX, and names packages as others know them", async () => {
  const bom = billOfMaterials(evidenceOfProd().software, ABOUT);
  const fault = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bom);
  assert.equal(fault, null);
  const { components, metadata } = JSON.parse(bom);
  assert.equal(metadata.timestamp, ABOUT.at);
  const by = new Map(components.map((one: { name: string }) => [one.name, one]));
  const bash = by.get("bash") as { purl: string; properties: unknown };
  assert.equal(bash.purl, "pkg:deb/debian/bash@5.2.37-2+b5?arch=amd64&distro=trixie");
  assert.deepEqual(bash.properties, [{ name: "grunnmur:where", value: "worker-1" }]);
  const image = by.get("registry.example.no/payment-service") as { purl: string; hashes: unknown[] };
  assert.match(image.purl, /^pkg:oci\/payment-service@sha256:[0-9a-f]{64}\?repository_url=registry\.example\.no/);
  assert.equal(image.hashes.length, 1);
});
