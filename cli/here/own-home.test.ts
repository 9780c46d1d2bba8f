import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { environmentDir, home, stateDir } from "../../lib/places";
import { readOutputs } from "../pulumi/outputs";
import { passphraseFile } from "../pulumi/passphrase";
import { pulumiVariables } from "../pulumi/pulumi-environment";
import { removeStaleLocks, STARTED_BY } from "../pulumi/stale-lock";
import { leftovers, mentions } from "./leftovers";
import { ownerOf } from "./namespace";

const directory = mkdtempSync(join(tmpdir(), "grunnmur-test-"));
process.env.GRUNNMUR_HOME = directory;
after(() => rmSync(directory, { recursive: true, force: true }));

test("home follows GRUNNMUR_HOME, then XDG_DATA_HOME, then the home directory", () => {
  assert.equal(home({ GRUNNMUR_HOME: "/a", XDG_DATA_HOME: "/b" }), "/a");
  assert.equal(home({ XDG_DATA_HOME: "/b" }), "/b/grunnmur");
  assert.match(home({ XDG_DATA_HOME: "relative" }), /\/\.local\/share\/grunnmur$/);
});

test("the passphrase is random, for the owner only, and stays the same", () => {
  const file = passphraseFile();
  const text = readFileSync(file, "utf8");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(text, /^[\w-]{43}\n$/);
  assert.equal(readFileSync(passphraseFile(), "utf8"), text);
});

test("Pulumi's variables hold no secret, and what the user has set is left alone", () => {
  const own = pulumiVariables({ PATH: "/bin" });
  assert.equal(own.PULUMI_BACKEND_URL, `file://${stateDir()}`);
  assert.equal(own.PULUMI_CONFIG_PASSPHRASE_FILE, passphraseFile());
  // Official plugins that the user has come before what stands in for them.
  assert.match(own.PATH ?? "", /\/bin:\/bin(:[^:]+\/stand-ins\/bin)?$/);
  const secret = readFileSync(passphraseFile(), "utf8").trim();
  assert.ok(!JSON.stringify(own).includes(secret));

  const theirs = pulumiVariables({ PULUMI_BACKEND_URL: "s3://x", PULUMI_CONFIG_PASSPHRASE: "", PULUMI_HOME: "/h" });
  for (const name of ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_HOME"]) {
    assert.ok(!(name in theirs), name);
  }
});

test("a lock is removed only where its holder is dead and was on this machine", async () => {
  const locks = join(stateDir(), ".pulumi", "locks", "organization", "grunnmur", "local");
  mkdirSync(locks, { recursive: true });
  const write = (name: string, pid: number, host: string): string => {
    const file = join(locks, `${name}.json`);
    writeFileSync(file, JSON.stringify({ pid, hostname: host, username: "x" }));
    return file;
  };
  // Process numbers end at 2^22 on Linux, so this one cannot exist.
  const dead = write("dead", 2 ** 22 + 1, hostname());
  const elsewhere = write("elsewhere", 2 ** 22 + 1, "another-machine");
  const reused = write("reused", process.pid, hostname());
  const program = join(directory, "pulumi");
  symlinkSync("/bin/sleep", program);
  const pulumi = spawn(program, ["60"]);
  const held = write("held", pulumi.pid ?? 0, hostname());
  // Its parent has ended: what it holds is free once it ends too.
  const orphan = Number(
    execFileSync("sh", ["-c", `"${program}" 1 >/dev/null 2>&1 & echo $!`], {
      env: { ...process.env, [STARTED_BY]: "1000000" },
    }),
  );
  const orphaned = write("orphaned", orphan, hostname());
  await removeStaleLocks("local");
  pulumi.kill();
  const there = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;
  assert.deepEqual([dead, elsewhere, reused, held, orphaned].map(there), [false, true, false, true, false]);
});

test("a namespace belongs to the home whose directory its processes name", () => {
  const ours = environmentDir("local");
  assert.equal(ownerOf([`qemu -blockdev {"filename":"${ours}/disks/a.qcow2"}`], "local"), "us");
  assert.equal(ownerOf([`libvirtd -f ${ours}/libvirtd.conf`, "dnsmasq"], "local"), "us");
  assert.deepEqual(ownerOf(["libvirtd -f /other/environments/local/libvirtd.conf"], "local"), {
    directory: "/other/environments/local",
  });
  assert.equal(ownerOf(["sleep 1", "x /other/environments/local-2/y"], "local"), undefined);
});

test("a directory that is left of an environment is reported, and a namesake's is not taken for it", () => {
  assert.deepEqual(leftovers("nothing-of-it"), []);
  mkdirSync(environmentDir("nothing-of-it"), { recursive: true });
  assert.deepEqual(leftovers("nothing-of-it"), [`directory ${environmentDir("nothing-of-it")}`]);
  assert.equal(mentions("qemu /e/local/disk.raw", "/e/local"), true);
  assert.equal(mentions("libvirtd -f /e/local", "/e/local"), true);
  assert.equal(mentions("qemu /e/local-2/disk.raw", "/e/local"), false);
});

test("without a state, a name that was mistyped is no environment that could be made", async () => {
  assert.equal(await readOutputs("prod"), undefined);
  await assert.rejects(readOutputs("prdo"), /there is no environment "prdo".*Known: .*prod/);
});
