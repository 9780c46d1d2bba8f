import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { artifactDir, artifactReady } from "../store";

const skip =
  process.getuid?.() !== 0
    ? "needs root to run what is in it"
    : !artifactReady("check-image") && "it is not in the store";
const directory = mkdtempSync(join(tmpdir(), "check-image-"));
after(() => rmSync(directory, { recursive: true, force: true }));

test("the image has all that a pipeline's job needs: a shell, and the check as its entrypoint, for who is nobody", {
  skip,
}, () => {
  const [archive, root] = [join(directory, "archive"), join(directory, "root")];
  for (const path of [archive, root]) mkdirSync(path);
  execFileSync("tar", ["-xf", join(artifactDir("check-image"), "image.tar"), "-C", archive]);
  const [{ Config, Layers }] = JSON.parse(readFileSync(join(archive, "manifest.json"), "utf8"));
  execFileSync("tar", ["-xf", join(archive, Layers[0]), "-C", root]);
  const { config } = JSON.parse(readFileSync(join(archive, Config), "utf8"));
  const repository = join(root, "builds");
  mkdirSync(repository);
  writeFileSync(
    join(repository, "a.yaml"),
    "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [{ name: app, image: nginx }] }\n",
  );
  const env = Object.fromEntries(config.Env.map((one: string) => one.split("=")));
  const within = (...command: string[]) =>
    spawnSync("chroot", [`--userspec=${config.User}`, root, ...command], { encoding: "utf8", env });

  const entry = within(...config.Entrypoint, "--registry", "registry.example.no", "--profile", "NO", "/builds");
  assert.equal(entry.status, 1, entry.stderr);
  assert.match(entry.stdout, /a\.yaml:4: error: memory-limit/);
  const script = within("sh", "-c", "cd /builds && grunnmur-check --version && cat a.yaml | grep -c kind");
  assert.deepEqual([script.status, script.stdout.split("\n")[1]], [0, "1"], script.stderr);
});
