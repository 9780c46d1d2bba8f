import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outputs } from "../../cli/pulumi/outputs";
import { type Clone, withClone } from "./git";
import { kubectl } from "./local";
import { until } from "./poll";
import { grunnmur, must, withEnvironment } from "./user";

const DATABASE = `apiVersion: v1
kind: Secret
metadata: { name: database, namespace: production }
stringData:
  password: precious
`;

/** A clone with a Secret of production in plain text, which nobody has committed yet. It takes back what was pushed. */
const withSecret = (outputs: Outputs, work: (clone: Clone, file: string, folder: string) => Promise<void>) =>
  withClone(outputs, async (clone) => {
    const before = (await must(clone.git("rev-parse", "HEAD"))).stdout.trim();
    const folder = join(clone.directory, "clusters/local/production");
    const file = join(folder, "database.yaml");
    const list = join(folder, "kustomization.yaml");
    writeFileSync(file, DATABASE);
    writeFileSync(list, readFileSync(list, "utf8").replace("resources:\n", "resources:\n  - database.yaml\n"));
    await work(clone, file, folder);
    // Whom Secrets are for stays as it was said last.
    await must(clone.git("rm", "-q", file));
    await must(clone.git("checkout", before, "--", list));
    await push(clone, "Take it away");
  });

async function push({ git }: Clone, message: string): Promise<void> {
  await must(git("add", "-A"));
  await must(git("commit", "-qm", message));
  await must(git("push", "-q"));
}

const arrived = (password: string): Promise<number> =>
  until("the Secret", 300, async () => {
    const get = ["get", "secret", "database", "-n", "production", "-o", "jsonpath={.data.password}"];
    return Buffer.from((await kubectl(...get)).stdout, "base64").toString() === password;
  });

/** With an editor that needs nobody. */
const edit = (file: string, from: string, to: string) =>
  grunnmur(["sops", "edit", file], { env: { EDITOR: `sed -i s/${from}/${to}/` } });

export const secretArrives = (outputs: Outputs, tell: (figure: string) => void): Promise<void> =>
  withSecret(outputs, async (clone, file, folder) => {
    const check = () => grunnmur(["check", "--stack", "local", folder]);
    const plain = await check();
    assert.equal(plain.code, 1, plain.stdout);
    assert.match(plain.stdout, /database\.yaml:\d+: error: secrets-not-plain-in-git/);
    const encrypting = await must(grunnmur(["sops", "encrypt", "--in-place", file]));
    assert.doesNotMatch(readFileSync(file, "utf8"), /precious/);
    assert.equal((await check()).code, 0);
    assert.match((await must(grunnmur(["sops", "decrypt", file]))).stdout, /password: precious/);
    await push(clone, "Give the database a password");
    const seconds = await arrived("precious");
    tell(`encrypted in ${encrypting.seconds.toFixed(0)} s, in the cluster ${seconds.toFixed(0)} s after the push`);
    await must(edit(file, "precious", "dear"));
    assert.doesNotMatch(readFileSync(file, "utf8"), /precious|dear/);
    await push(clone, "Give it another");
    tell(`edited, in the cluster ${(await arrived("dear")).toFixed(0)} s after the push`);
  });

/** As `rotate sops` says it is done. */
export const secretsKeyIsRotated = (outputs: Outputs, tell: (figure: string) => void): Promise<void> =>
  withSecret(outputs, async (clone, file) => {
    await must(grunnmur(["sops", "encrypt", "--in-place", file]));
    await push(clone, "Encrypt for the old key");
    await arrived("precious");
    const begun = await must(grunnmur(["rotate", "sops", "--yes"]));
    const [, key] = /write (age1\S+) in place of the old one into \.sops\.yaml/.exec(begun.stderr) ?? [];
    const { sopsRecipient: old, sopsKeys = [] } = outputs;
    assert.ok(key && old && key !== old, begun.stderr);

    const rules = join(clone.directory, ".sops.yaml");
    writeFileSync(rules, readFileSync(rules, "utf8").replaceAll(old, key));
    await must(grunnmur(["sops", "--stack", "local", "updatekeys", "--yes", file]));
    assert.ok(!readFileSync(file, "utf8").includes(old));
    await must(edit(file, "precious", "dear"));
    await push(clone, "Encrypt for the new key");
    await arrived("dear");
    const finished = await must(grunnmur(["rotate", "sops", "--finish", "--yes"]));

    const inCluster = await must(kubectl("get", "secret", "sops-keys", "-n", "flux-system", "-o", "json"));
    const keys = Object.values((JSON.parse(inCluster.stdout) as { data: Record<string, string> }).data).map((value) =>
      Buffer.from(value, "base64").toString(),
    );
    assert.ok(keys.length > 0 && sopsKeys.length > 0);
    for (const former of sopsKeys)
      assert.ok(!keys.some((one) => one.includes(former)), "the old key is in the cluster");
    await must(edit(file, "dear", "kept"));
    await push(clone, "Give it another");
    await arrived("kept");
    const shown = await must(withEnvironment("pulumi stack output sopsKeys --stack local --json --show-secrets"));
    assert.equal((JSON.parse(shown.stdout) as string[]).length, 1);
    const [first, rest] = [begun, finished].map(({ seconds }) => seconds.toFixed(0));
    tell(`rotate sops took ${first} s, --finish ${rest} s`);
  });
