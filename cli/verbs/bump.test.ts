import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { program } from "../program";
import { startRegistry } from "../status/support/registry";
import { streamsOf } from "../terminal/support/streams";
import { UserError } from "../terminal/user-error";
import { wantedOf } from "./bump";
import { printed } from "./support/printed";

const DIGEST = `sha256:${"b".repeat(64)}`;
const folder = mkdtempSync(join(tmpdir(), "bump-"));
let registry: Awaited<ReturnType<typeof startRegistry>>;
let repository: string;
let count = 0;

before(async () => {
  registry = await startRegistry({
    shop: ["1", "2", DIGEST],
    "team/cart": ["1", "2"],
    "a/twin": ["1"],
    "b/twin": ["1"],
  });
  writeFileSync(join(folder, "ca.pem"), registry.caPem);
  Object.assign(process.env, {
    REGISTRY_USER: "ci",
    REGISTRY_PASSWORD: "right",
    REGISTRY_CA_FILE: join(folder, "ca.pem"),
  });
});
after(() => {
  for (const name of ["REGISTRY_USER", "REGISTRY_PASSWORD", "REGISTRY_CA_FILE"]) delete process.env[name];
  registry.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  registry.asked.length = 0;
  process.env.REGISTRY_PASSWORD = "right";
  repository = join(folder, String(++count));
  put("clusters/a/kustomization.yaml", "resources: [shop.yaml]\n");
  put("clusters/a/shop.yaml", pod(`${registry.host}/shop:1`));
  put("clusters/b/kustomization.yaml", `images: # ours\n- name: x\n  newName: ${registry.host}/shop\n  newTag: "1"\n`);
  put("clusters/b/cart.yaml", pod(`${registry.host}/team/cart:1`));
});

function put(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}
const get = (path: string): string => readFileSync(join(repository, path), "utf8");
const pod = (image: string): string => `spec:\n  containers:\n    - image: ${image} # released\n`;

const bump = (...args: string[]) =>
  streamsOf(() =>
    program().parseAsync(["bump", "--registry", registry.host, "--dir", repository, ...args], { from: "user" }),
  );

const refused = (wanted: RegExp, ...args: string[]) =>
  assert.rejects(
    bump(...args),
    (error) => (error instanceof UserError && wanted.test(error.message)) || assert.fail(String(error)),
  );

test("one change sets the tag in every cluster, and a second time there is nothing to do", async () => {
  const { out } = await bump("shop=2");
  assert.equal(out, "clusters/a/shop.yaml:3: shop 1 -> 2\nclusters/b/kustomization.yaml:3: shop 1 -> 2\n");
  assert.equal(get("clusters/a/shop.yaml"), pod(`${registry.host}/shop:2`));
  assert.match(get("clusters/b/kustomization.yaml"), /^images: # ours\n.*\n.*\n {2}newTag: "2"\n$/);
  assert.equal(get("clusters/b/cart.yaml"), pod(`${registry.host}/team/cart:1`));
  assert.deepEqual(registry.asked, ["HEAD /v2/shop/manifests/2"]);
  const again = await bump("shop=2");
  assert.deepEqual(again, { out: "", said: "Nothing to do: shop is at 2 already.\n" });
});

test("several apps, digests and one cluster alone", async () => {
  await bump(`shop=${DIGEST}`, "cart=2");
  assert.equal(get("clusters/a/shop.yaml"), pod(`${registry.host}/shop@${DIGEST}`));
  assert.equal(get("clusters/b/cart.yaml"), pod(`${registry.host}/team/cart:2`));
  await bump("shop=2", "--cluster", "b", "--cluster", "b");
  assert.equal(get("clusters/a/shop.yaml"), pod(`${registry.host}/shop@${DIGEST}`));
  assert.match(get("clusters/b/kustomization.yaml"), /newTag: "2"/);
});

test("what the registry does not have is refused with what it has, and nothing is written", async () => {
  const files = ["clusters/a/shop.yaml", "clusters/b/cart.yaml"];
  const texts = files.map(get);
  await refused(
    /127[^ ]* does not have shop:3; it has, among others, 1, 2, sha256:b+\. Push it first$/,
    "shop=3",
    "cart=2",
  );
  assert.deepEqual(files.map(get), texts);
});

test("all mistakes are told at once, with what is there", async () => {
  await refused(
    /no manifest here of \S+ has the image nosuch; there are shop, team\/cart\nno manifest here .* my-shop; there are/,
    "nosuch=1",
    "my-shop=1",
  );
  await refused(/no manifest below clusters\/a has the image cart; there are shop$/, "cart=2", "--cluster", "a");
  await refused(/has no clusters\/c with a kustomization/, "shop=2", "--cluster", "c");
  await refused(/--cluster received "\.\.\/x", allowed/, "shop=2", "--cluster", "../x");
});

test("two images that end alike have to be told apart, and one under two names is one", async () => {
  put("clusters/a/twins.yaml", `${pod(`${registry.host}/a/twin:0`)}---\n${pod(`${registry.host}/b/twin:0`)}`);
  await refused(/twin could be a\/twin or b\/twin: give the whole path/, "twin=1");
  await bump("b/twin=1");
  assert.match(get("clusters/a/twins.yaml"), /a\/twin:0[\s\S]*b\/twin:1/);
  await refused(/cart and team\/cart are one image/, "cart=2", "team/cart=1");
});

test("a registry that does not let us in, or does not answer, is an error, and --unchecked goes without", async () => {
  process.env.REGISTRY_PASSWORD = "wrong";
  await refused(/answered 401 when asked for shop: the account is not let in\. .*--unchecked/, "shop=2");
  const { said } = await bump("shop=3", "--unchecked");
  assert.match(said, /was not asked/);
  assert.equal(get("clusters/a/shop.yaml"), pod(`${registry.host}/shop:3`));
  delete process.env.REGISTRY_PASSWORD;
  await refused(/set REGISTRY_USER and REGISTRY_PASSWORD, or give --unchecked/, "shop=2");
});

test("--dry-run writes nothing, and --json says it for programs", async () => {
  const { out } = await bump("shop=2", "--dry-run", "--json", "--cluster", "a");
  const change = { file: "clusters/a/shop.yaml", line: 3, registry: registry.host, image: "shop", from: "1", to: "2" };
  assert.deepEqual(printed("bump", out), { changes: [change], checked: true, written: false });
  assert.equal(get("clusters/a/shop.yaml"), pod(`${registry.host}/shop:1`));
});

test("links are not followed, what cannot be read is left, and modes stay", async () => {
  const outside = join(folder, "outside.yaml");
  writeFileSync(outside, pod(`${registry.host}/shop:1`));
  symlinkSync(outside, join(repository, "clusters/a/link.yaml"));
  symlinkSync(folder, join(repository, "clusters/a/up"));
  put(".git/x.yaml", pod(`${registry.host}/shop:1`));
  const latin = Buffer.from(`# \xe6\n${pod(`${registry.host}/shop:1`)}`, "latin1");
  put("clusters/a/latin.yaml", latin);
  put("clusters/a/chart.yaml", `{{- if .x }}\n${pod(`${registry.host}/shop:1`)}`);
  writeFileSync(join(repository, "clusters/a/shop.yaml"), get("clusters/a/shop.yaml"), { mode: 0o640 });
  const { mode } = statSync(join(repository, "clusters/a/shop.yaml"));
  await bump("shop=2");
  assert.equal(readFileSync(outside, "utf8"), pod(`${registry.host}/shop:1`));
  assert.match(get(".git/x.yaml"), /shop:1/);
  assert.deepEqual(readFileSync(join(repository, "clusters/a/latin.yaml")), latin);
  assert.match(get("clusters/a/chart.yaml"), /shop:1/);
  assert.equal(statSync(join(repository, "clusters/a/shop.yaml")).mode, mode);
  await refused(
    /nosuch.*\nnot read: clusters\/a\/latin\.yaml is not in UTF-8\nnot read: clusters\/a\/chart\.yaml: /,
    "nosuch=1",
  );
});

test("a change that could be anything else than a name and a version is refused, all at once", () => {
  for (const change of [
    "shop",
    "shop=",
    "=1",
    "../x=1",
    "Shop=1",
    "shop=a b",
    "shop=$(id)",
    "shop=1\nx",
    "shop=sha256:1",
    "shop=1=2",
    "-x=1",
  ])
    assert.throws(() => wantedOf([change]), /^UserError: received ".*allowed is APP=TAG/s, change);
  assert.throws(() => wantedOf(["a=", "b=1", "b=2"]), /received "a="[\s\S]*\nb was given twice/);
  assert.deepEqual(wantedOf(["shop=1", `team/cart=${DIGEST}`]), [
    { app: "shop", image: ":1" },
    { app: "team/cart", image: `@${DIGEST}` },
  ]);
});
