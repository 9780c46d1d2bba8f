import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { script } from "../script";

let disk: string;
const skip = spawnSync("jq", ["--version"]).error && "no jq here";

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), "grunnmur-preflight-"));
  const figures = { jobs: [{ sync: { lat_ns: { percentile: { "99.000000": 8e6 } } }, write: { iops: 900 } }] };
  writeFileSync(join(disk, "fio"), `#!/bin/sh\necho fio >>${disk}/log\necho '${JSON.stringify(figures)}'\n`, {
    mode: 0o755,
  });
  writeFileSync(join(disk, "systemctl"), `#!/bin/sh\necho "$*" >>${disk}/log\n`, { mode: 0o755 });
});

afterEach(() => rmSync(disk, { recursive: true }));

function run(input: string) {
  rmSync(join(disk, "log"), { force: true });
  const env = { PATH: `${disk}:${process.env.PATH}`, DISK: disk };
  const all = `settle=0\nsteal_limit_percent=100\n${input}`;
  const done = spawnSync("bash", ["-c", script("node/scripts/preflight.sh")], { env, input: all, encoding: "utf8" });
  const log = existsSync(join(disk, "log")) ? readFileSync(join(disk, "log"), "utf8") : "";
  return { ...done, log };
}

test("a machine that passed is not measured again; another limit judges what was noted", { skip }, () => {
  assert.equal(run("fsync_limit_ms=10\n").log, "fio\n");
  const again = run("fsync_limit_ms=9\ndeclared_cores=1\ngrow=1\n");
  assert.deepEqual([again.status, again.log], [0, "start grunnmur-grow.service\n"]);
  assert.equal(JSON.parse(again.stdout).fsyncP99Milliseconds, 8);
  const strict = run("fsync_limit_ms=5\n");
  assert.equal(strict.status, 1);
  assert.match(strict.stderr, /8 ms .* the limit is 5 ms.*delete \S+\/preflight on the node to have it measured again/);
});

test("what fell short is measured again", { skip }, () => {
  assert.equal(run("fsync_limit_ms=5\n").status, 1);
  assert.equal(run("fsync_limit_ms=10\n").log, "fio\n");
});

test("more cores than there are fail, measured before or not", { skip }, () => {
  for (const _ of [1, 2]) assert.match(run("declared_cores=4096\n").stderr, /4096 declared/);
});

/** A machine's answers about its data disk. */
function dataDisk({ start = "", mounted = true, said = "" }) {
  const answers = {
    systemctl: `echo "$*" >>${disk}/log\nif [ "$1" = start ] && [ -n "${start}" ]; then echo "${start}" >&2; exit 1; fi`,
    mountpoint: `[ "$*" = "-q ${disk}/data" ] && ${mounted}`,
    findmnt: "echo /dev/vdc",
    lsblk: `[ "\${@: -1}" = /dev/vdc ] && echo ${50 * 2 ** 30}`,
    journalctl: `printf '%s\\n' "${said}"`,
  };
  for (const [name, text] of Object.entries(answers)) {
    writeFileSync(join(disk, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }
  return run("declared_data_disk_gib=50\n");
}

test("a data disk that is in use is said, with its size, and fills the disk that has grown", { skip }, () => {
  const { status, stdout, stderr, log } = dataDisk({});
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).dataDiskGiB, 50);
  assert.match(log, /^start grunnmur-data.service grunnmur-data-registry.service\nreload grunnmur-data.service$/m);
  assert.doesNotMatch(run("").stdout, /dataDisk/);
});

test("a machine whose data disk cannot be used is not fit, and its reason is told", { skip }, () => {
  const failed = "Job for grunnmur-data.service failed";
  for (const [machine, message] of [
    [{ start: failed, said: "data disk: /dev/vdc is not blank" }, /^data disk: \/dev\/vdc is not blank$/m],
    [{ start: failed }, /^data disk: Job for grunnmur-data.service failed$/m],
    [
      { start: "Unit grunnmur-data.service not found." },
      /^data disk: this machine's image knows no .*grunnmur replace/m,
    ],
    [{ mounted: false }, /^data disk: the machine sees none, 50 GiB are declared: power it off/m],
  ] as const) {
    const { status, stdout, stderr } = dataDisk(machine);
    assert.deepEqual([status, JSON.parse(stdout).dataDiskGiB], [1, undefined]);
    assert.match(stderr, message);
  }
});
