import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { askNodes, ofNodes } from "./nodes";

const at = 1_800_000_000;
const fine = ["synchronized yes", "memory 900", "disk / 60", "inodes / 80", `clock ${at + 1}.5`];
const told = (lines: string[]) => ({ name: "worker-1", told: { lines, asked: at * 1000, answered: (at + 3) * 1000 } });
const with_ = (line: string) => [...fine.filter((one) => one.split(" ")[0] !== line.split(" ")[0]), line];

test("a node that is fine is a line", () => {
  const [one, ...rest] = ofNodes([told(fine)], "local", true);
  assert.deepEqual(rest, []);
  assert.deepEqual([one?.part, one?.state], ["node worker-1", "good"]);
  assert.match(one?.found ?? "", /60 % of \/ free, 900 MiB of memory left/);
});

for (const [what, lines, state, found, remedy] of [
  ["a disk that fills", with_("disk / 9"), "advice", /9 % of the disk at \/ free/, /ssh --stack prod worker-1 du/],
  ["a full disk", with_("disk / 3"), "wrong", /3 % of the disk/, /diskGiB/],
  ["a full data disk", [...fine, "disk /var/lib/grunnmur/data 0"], "wrong", /0 % .*grunnmur\/data/, /diskGiB/],
  ["too many files", with_("inodes / 2"), "wrong", /2 % of the inodes/, /du/],
  ["no memory left", with_("memory 60"), "wrong", /60 MiB/, /memoryMiB/],
  ["a clock that is late", with_(`clock ${at - 90}`), "wrong", /90 s off/, /chronyc tracking/],
  ["a clock that is early", with_(`clock ${at + 93}.2`), "wrong", /90 s off/, /chronyc/],
  ["a clock that follows nobody", with_("synchronized no"), "advice", /no time server/, /chronyc sources/],
  [
    "what tried to leave",
    [...fine, "refused 3 SRC=10.244.12.5 DST=198.51.100.7 DPT=443"],
    "advice",
    /3 or more, the last SRC=10\.244\.12\.5 DST=198\.51\.100\.7 DPT=443/,
    /destinations/,
  ],
  [
    "an API server that ends itself",
    [
      ...fine,
      "ended kube-apiserver 2 F1 a.go:1] older",
      'ended kube-apiserver 3 F1 hooks.go:203] PostStartHook "a" failed',
    ],
    "advice",
    /^kube-apiserver ended itself .* start number 3: F1 hooks\.go:203\] PostStartHook "a" failed$/,
    /ssh --stack prod worker-1 'tail .*kube-system_kube-apiserver-/,
  ],
  ["a unit that failed", [...fine, "failed kubelet.service"], "wrong", /kubelet\.service has/, /journalctl -u kubelet/],
] as const) {
  test(`${what} is said with what helps`, () => {
    const checks = ofNodes([told([...lines])], "prod", true);
    assert.equal(checks.length, 1);
    assert.equal(checks[0]?.state, state);
    assert.match(checks[0]?.found ?? "", found);
    assert.match(checks[0]?.remedy ?? "", remedy);
  });
}

test("what it takes to ask is not a clock that is wrong, and without time servers none is followed", () => {
  const answer = { name: "a", told: { lines: with_("synchronized no"), asked: at * 1000, answered: (at + 60) * 1000 } };
  assert.deepEqual(
    ofNodes([answer], "local", false).map(({ state }) => state),
    ["good"],
  );
});

test("all faults of a node are said, and of one that does not answer that nothing is known", () => {
  const lines = [...with_("disk / 1"), "failed a.service", "failed b.service"];
  assert.equal(ofNodes([told(lines)], "local", true).length, 3);
  const [silent] = ofNodes([{ name: "b", told: { silent: "Permission denied" } }], "local", true);
  assert.deepEqual([silent?.part, silent?.state], ["node b", "unknown"]);
  assert.match(silent?.found ?? "", /Permission denied/);
});

test("without an ssh-agent nothing is known of nodes, and that is said of each", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nonexistent";
  try {
    const node = { name: "worker-1", role: "worker", site: "a", address: "10.0.0.2", reach: "127.0.0.1" };
    const [one] = ofNodes(await askNodes({ sshKey: "key", nodes: [node] }), "local", false);
    assert.equal(one?.state, "unknown");
    assert.match(one?.found ?? "", /ssh-agent is not installed/);
  } finally {
    process.env.PATH = path;
  }
  assert.deepEqual(await askNodes({}), []);
});

test("what of the cluster ended itself is found by its log, with its last word, and nothing else is", () => {
  const logs = mkdtempSync(join(tmpdir(), "grunnmur-logs-"));
  const log = (pod: string, name: string, ...lines: string[]) => {
    mkdirSync(join(logs, pod), { recursive: true });
    writeFileSync(join(logs, pod, name), lines.map((line) => `2026-11-30T03:14:28.2Z stderr F ${line}\n`).join(""));
  };
  const old = new Date(Date.now() - 2 * 3600 * 1000);
  try {
    log(
      "kube-system_kube-apiserver-a_1/kube-apiserver",
      "9.log",
      "I1130 a",
      "F1130 hooks.go:203] failed: no",
      "I1130 b",
    );
    log("kube-system_kube-apiserver-a_1/kube-apiserver", "10.log", "I1130 serving", 'E1130 said "F1130 x"');
    log("kube-system_etcd-a_1/etcd", "0.log", '{"level":"fatal","msg":"disk"}');
    log("kube-system_kube-scheduler-a_1/kube-scheduler", "1.log", "F1130 long ago");
    utimesSync(join(logs, "kube-system_kube-scheduler-a_1/kube-scheduler/1.log"), old, old);
    log("production_payment-a_1/payment", "0.log", "panic: somebody else's");
    const { stdout } = spawnSync("sh", [repositoryPath("cli/doctor/scripts/node.sh")], {
      env: { PATH: process.env.PATH, LOGS: logs },
      encoding: "utf8",
    });
    assert.deepEqual(
      stdout.split("\n").filter((line) => line.startsWith("ended")),
      ['ended etcd 1 {"level":"fatal","msg":"disk"}', "ended kube-apiserver 10 F1130 hooks.go:203] failed: no"],
    );
  } finally {
    rmSync(logs, { recursive: true });
  }
});

test("the node's script prints its lines, also where chrony and systemd say nothing", () => {
  const bin = mkdtempSync(join(tmpdir(), "grunnmur-node-"));
  try {
    writeFileSync(join(bin, "systemctl"), "#!/bin/sh\necho 'a.service loaded failed failed A'\n");
    writeFileSync(join(bin, "chronyc"), "#!/bin/sh\necho 'CB007,203.0.113.5,3,1,0,0,0,0,0,0,0,0,1,Not synchronised'\n");
    const refused = (port: number) =>
      `grunnmur-egress refused IN=a OUT=b SRC=10.244.12.5 DST=198.51.100.7 LEN=60 PROTO=TCP SPT=4 DPT=${port} WINDOW=1`;
    writeFileSync(join(bin, "journalctl"), `#!/bin/sh\nprintf '%s\\n' '${refused(80)}' '${refused(443)}'\n`);
    for (const name of ["systemctl", "chronyc", "journalctl"]) chmodSync(join(bin, name), 0o755);
    const script = repositoryPath("cli/doctor/scripts/node.sh");
    const run = (path: string) => spawnSync("sh", [script], { env: { PATH: path }, encoding: "utf8" }).stdout;
    const lines = run(`${bin}:${process.env.PATH}`);
    for (const line of [
      /^synchronized no$/m,
      /^memory \d+$/m,
      /^disk \/ \d+$/m,
      /^failed a\.service$/m,
      /^refused 2 SRC=10\.244\.12\.5 DST=198\.51\.100\.7 DPT=443$/m,
    ])
      assert.match(lines, line);
    assert.match(lines, /^clock \d+\.\d+\n$/m);
    rmSync(join(bin, "chronyc"));
    const without = ofNodes([told(run(`${bin}:/usr/bin:/bin`).split("\n").filter(Boolean))], "local", true);
    assert.ok(without.some(({ found }) => found.startsWith("a.service")));
  } finally {
    rmSync(bin, { recursive: true });
  }
});
