import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { repositoryPath, repositoryRoot } from "../../lib/places";
import { artifactDir, ensure } from "../store";
import { PACKS, policyPacksRecipe, writePack } from "./policy-packs";

const directory = mkdtempSync(join(tmpdir(), "grunnmur-packs-"));
const packs = join(directory, "packs");
const program = join(directory, "program");
const packOf = (name: string): string => join(packs, `grunnmur-${name}`);

before(async () => {
  await ensure(["policy-packs", "pulumi"]);
  cpSync(artifactDir("policy-packs"), packs, { recursive: true });
  mkdirSync(program);
});
after(() => rmSync(directory, { recursive: true, force: true }));

test("another program names the packs, and is held to their rules and to its own configuration", () => {
  writeFileSync(
    join(program, "Pulumi.yaml"),
    "name: other\nmain: index.js\nruntime: { name: nodejs, options: { typescript: false } }\n",
  );
  writeFileSync(join(program, "package.json"), '{ "name": "other", "version": "1.0.0" }');
  symlinkSync(repositoryPath("node_modules"), join(program, "node_modules"));
  pulumi("stack", "init");
  const args = PACKS.flatMap((name) => ["--policy-pack", packOf(name)]);

  deploy("nginx", {});
  const refused = pulumi("preview", ...args);
  assert.notEqual(refused.status, 0);
  assert.match(refused.stdout, /\[mandatory\] .* memory-limit .*container app has no memory limit/s);
  assert.match(refused.stdout, /image-from-stack-registry.*Not decided yet, so not passed/s);

  const config = join(program, "config.json");
  writeFileSync(config, JSON.stringify({ "image-from-stack-registry": { registry: "registry.example.no" } }));
  writeFileSync(join(program, "none.json"), "{}");
  const configured = [...args, "--policy-pack-config", config, "--policy-pack-config", join(program, "none.json")];
  const judged = pulumi("preview", ...configured);
  assert.match(judged.stdout + judged.stderr, /\[mandatory\] .* image-from-stack-registry/);

  const amounts = { cpu: "100m", memory: "64Mi", "ephemeral-storage": "64Mi" };
  deploy(`registry.example.no/app@sha256:${"a".repeat(64)}`, { limits: amounts, requests: amounts });
  const passed = pulumi("preview", ...configured);
  assert.equal(passed.status, 0, passed.stdout + passed.stderr);
  assert.match(passed.stdout, /gdpr-data-locality@v.*resource-limits@v/s);
  assert.ok(!existsSync(join(directory, "home")), "a home of grunnmur's was made");
});

function deploy(image: string, resources: object): void {
  const spec = { containers: [{ name: "app", image, resources }] };
  const template = { metadata: { labels: { app: "a" } }, spec };
  const args = {
    metadata: { name: "a", namespace: "shop" },
    spec: { selector: { matchLabels: { app: "a" } }, template },
  };
  writeFileSync(
    join(program, "index.js"),
    `const kubernetes = require("@pulumi/kubernetes");\nnew kubernetes.apps.v1.Deployment("a", ${JSON.stringify(args)});\n`,
  );
}

function pulumi(...words: string[]) {
  const bin = join(artifactDir("pulumi"), "bin");
  return spawnSync(join(bin, "pulumi"), [...words, "--stack", "test", "--non-interactive", "--color", "never"], {
    cwd: program,
    encoding: "utf8",
    env: {
      PATH: [bin, repositoryPath("stand-ins", "bin"), process.env.PATH].join(delimiter),
      HOME: join(directory, "home"),
      PULUMI_HOME: join(directory, "pulumi-home"),
      PULUMI_BACKEND_URL: `file://${program}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      KUBECONFIG: "/no/such/kubeconfig",
    },
  });
}

for (const name of PACKS) {
  test(`Pulumi's own host finds what starts ${name}, and it serves itself`, async () => {
    // As pulumi-language-nodejs does (RunPlugin): resolved in the pack, its directory the last argument, started there.
    const pack = packOf(name);
    const starter = createRequire(join(pack, "x.js")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const child = spawn(process.execPath, [starter, "127.0.0.1:9", pack], {
      cwd: pack,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const said = await new Promise<string>((resolve) => {
        child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()));
        child.once("exit", (code) => resolve(`ended with ${code}`));
      });
      assert.match(said, /^\d+\n$/);
    } finally {
      child.kill();
    }
  });

  test(`all that ${name} is made of counts in its key, and names no place of this machine`, async () => {
    const output = join(directory, `again-${name}`);
    const made = await writePack(name, output);
    const counted = policyPacksRecipe().files.map((path) => relative(repositoryRoot(), path));
    const own = made.filter((path) => !path.startsWith("node_modules/"));
    assert.ok(own.length > 30);
    assert.deepEqual(
      own.filter((path) => !counted.includes(path)),
      [],
    );
    const text = readFileSync(join(output, "index.js"), "utf8");
    assert.ok(!text.includes(repositoryRoot()));
    assert.equal(readFileSync(join(packOf(name), "index.js"), "utf8"), text);
  });

  test(`${name} is a package that npm installs without a registry`, () => {
    const target = join(directory, `installed-${name}`);
    mkdirSync(target);
    const file = readdirSync(packs).find((each) => each.startsWith(`grunnmur-${name}-`) && each.endsWith(".tgz")) ?? "";
    const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    execFileSync("npm", ["install", ...flags, "--prefix", target, join(packs, file)], { cwd: target, stdio: "pipe" });
    const installed = join(target, "node_modules", `grunnmur-${name}`);
    for (const path of ["PulumiPolicy.yaml", "README.md", "LICENSE", "index.js"])
      assert.ok(existsSync(join(installed, path)), path);
    createRequire(join(installed, "x.js")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  });

  test(`the README of ${name} has every rule with its parameters, and names no rule that is not there`, () => {
    const text = readFileSync(join(packOf(name), "README.md"), "utf8");
    assert.match(
      text,
      name === "resource-limits"
        ? /^\| `container-size` \| .* \| mandatory \| `maxCpu` \(quantity\), `maxMemory` \(quantity\) \|/m
        : /^\| `no-cloud-volumes` \|/m,
    );
    const known = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
    const example = JSON.parse(/```json\n(.*?)```/s.exec(text)?.[1] ?? "{}") as object;
    for (const id of Object.keys(example))
      assert.ok(known.includes(id), `${id} is configured in the README, and no rule`);
  });
}
