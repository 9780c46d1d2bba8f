import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type File, payload } from "../payload";
import { script } from "../script";

let root: string;
const skip = process.getuid?.() !== 0 && "the files belong to root";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "grunnmur-files-"));
  mkdirSync(join(root, "bin"));
  const program = `#!/bin/bash\nif [ "$1" = "$FAIL_AT" ]; then exit 1; fi\necho "\${0##*/} $*" >>"${root}/log"\n`;
  for (const name of ["systemctl", "networkctl"]) writeFileSync(join(root, "bin", name), program, { mode: 0o755 });
});

afterEach(() => rmSync(root, { recursive: true }));

async function install(files: File[], failAt = "") {
  rmSync(join(root, "log"), { force: true });
  const units = "chrony.service /etc/chrony restart\nhaproxy.service /etc/haproxy reload\n";
  const input = await payload([...files, { path: ".name", content: "n-files\n" }, { path: ".units", content: units }]);
  const env = { PATH: `${join(root, "bin")}:${process.env.PATH}`, ROOT: root, FAIL_AT: failAt };
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script("node/scripts/install-files.sh")], {
    env,
    input,
    encoding: "utf8",
  });
  const log = existsSync(join(root, "log")) ? readFileSync(join(root, "log"), "utf8") : "";
  return { status, stdout, stderr, log };
}

const chrony = (content: string): File => ({ path: "/etc/chrony/sources.d/site.sources", content });
const haproxy = (content: string): File => ({ path: "/etc/haproxy/haproxy.cfg", content });
const network: File = { path: "/etc/systemd/network/10-site.network", content: "x\n" };

test("a changed file restarts or reloads who reads it, and the same again touches nothing", { skip }, async () => {
  const first = await install([chrony("a"), haproxy("a")]);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.log, /^systemctl reload-or-restart haproxy\.service\nsystemctl restart chrony\.service$/m);
  const again = await install([chrony("a"), haproxy("a")]);
  assert.equal(again.stdout, "");
  assert.doesNotMatch(again.log, /restart/);
  assert.match(
    (await install([chrony("b"), haproxy("a")])).log,
    /^systemctl start haproxy\.service\nsystemctl restart chrony/m,
  );
});

for (const step of ["reload", "restart", "reload-or-restart", "enable"]) {
  test(`what a run that ended at ${step} owed is made up for`, { skip }, async () => {
    assert.equal((await install([chrony("a"), haproxy("a")])).status, 0);
    const files = [chrony("b"), haproxy("b"), network];
    assert.notEqual((await install(files, step)).status, 0);
    const { log, status } = await install(files);
    assert.equal(status, 0);
    for (const owed of [
      /^networkctl reload$/m,
      /^systemctl restart chrony/m,
      /^systemctl reload-or-restart haproxy/m,
    ]) {
      assert.match(log, owed);
    }
    assert.doesNotMatch((await install(files)).log, /restart|networkctl/);
  });
}

test("a file that is no longer named goes, and its reader hears of it, interrupted or not", { skip }, async () => {
  assert.equal((await install([chrony("a"), haproxy("a")])).status, 0);
  assert.notEqual((await install([haproxy("a")], "restart")).status, 0);
  assert.match((await install([haproxy("a")])).log, /^systemctl restart chrony/m);
  assert.ok(!existsSync(join(root, chrony("").path)) && existsSync(join(root, haproxy("").path)));
  assert.doesNotMatch((await install([haproxy("a")])).log, /restart/);
});
