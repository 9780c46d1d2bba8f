import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { withKubeconfig } from "./kubeconfig";

test("a kubeconfig is there for its owner alone, while the work lasts, also where that fails", async () => {
  let file = "";
  const work = withKubeconfig("a secret", async ({ KUBECONFIG = "", KUBECACHEDIR = "" }) => {
    file = KUBECONFIG;
    assert.equal(readFileSync(file, "utf8"), "a secret");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.notEqual(KUBECACHEDIR, "");
    throw new Error("kubectl failed");
  });
  await assert.rejects(work, /kubectl failed/);
  assert.equal(existsSync(file), false);
});
