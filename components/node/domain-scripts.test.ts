import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { payload } from "../payload";
import { guestScript } from "./kvm-node";

// Keeps volumes and guests as files of $FAKE, and stops where $FAIL_AT names one of its verbs; with $KILL, so does who asked.
const fakeVirsh = `#!/bin/bash
set -eu
shift 2; connection=$1 verb=$2; shift 2
if [ "$verb" = "\${FAIL_AT:-}" ]; then
  if [ -n "\${KILL:-}" ]; then kill -9 $PPID; fi
  echo "interrupted" >&2; exit 1
fi
case "$verb" in
  uri) case "$connection" in *command=*) "\${connection#*command=}" -G grunnmur@osl1.example.no >"$FAKE/ssh" ;; esac ;;
  pool-list) echo " nvme " ;;
  vol-list) for file in "$FAKE/volumes/"*; do echo " \${file##*/} $file"; done ;;
  vol-path) echo "$FAKE/volumes/$3" ;;
  vol-dumpxml) cat "$FAKE/volumes/$3" ;;
  vol-download) cp "$FAKE/volumes/$3" "$4" ;;
  vol-resize) sed -i "s|>[0-9]*</capacity>|>$((\${4%G} << 30))</capacity>|" "$FAKE/volumes/$3"; echo resize "$@" >>"$FAKE/log" ;;
  blockresize) sed -i "s|>[0-9]*</capacity>|>$((\${3%G} << 30))</capacity>|" "$FAKE/volumes/$1$(if [ "$2" = vdc ]; then echo .data; fi).qcow2"; echo blockresize "$@" >>"$FAKE/log" ;;
  shutdown) if [ -z "\${DEAF:-}" ]; then echo "shut off" >"$FAKE/state"; fi; echo shutdown >>"$FAKE/log" ;;
  destroy) echo "shut off" >"$FAKE/state"; echo destroy >>"$FAKE/log" ;;
  start) echo running >"$FAKE/state"; cp "$FAKE/guests/$1" "$FAKE/live" ;;
  vol-create-as) printf half >"$FAKE/volumes/$2" ;;
  vol-create) xml=$(sed "s|unit='GiB'>\\(.*\\)<|unit='bytes'>$((DISK_GIB << 30))<|" "$2"); name=$(sed -n 's|.*<name>\\(.*\\)</name>|\\1|p' <<<"$xml"); echo "$xml" >"$FAKE/volumes/$name" ;;
  vol-upload) cp "\${@: -1}" "$FAKE/volumes/\${@: -2:1}" ;;
  vol-delete) rm "$FAKE/volumes/$3" ;;
  list) ls "$FAKE/guests" ;;
  dumpxml) if [ "$1" = --inactive ]; then cat "$FAKE/guests/$2"; else cat "$FAKE/live"; fi ;;
  define) cp "$1" "$FAKE/guests/worker-1" ;;
  undefine) rm "$FAKE/guests/$1" ;;
  domstate) cat "$FAKE/state" 2>/dev/null || echo "shut off" ;;
esac
`;
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const mine = "0123456789abcdef";
const disk = (volume: string, device: string) =>
  `<disk><source pool='nvme' volume='${volume}'/><target dev='${device}' bus='virtio'/></disk>\n`;
const domain = (memory: number, owner = mine, data = false) =>
  `<domain>
<metadata><grunnmur:owner xmlns:grunnmur="urn:grunnmur" id="${owner}"/></metadata>
<memory unit='MiB'>${memory}</memory>
<vcpu>2</vcpu>
${disk("worker-1.qcow2", "vda")}${data ? disk("worker-1.data.qcow2", "vdc") : ""}<kernel>@KERNEL@</kernel><cmdline>tsc=reliable quiet</cmdline></domain>
`;

let fake: string;
let seed: string;

beforeEach(async () => {
  fake = mkdtempSync(join(tmpdir(), "grunnmur-virsh-"));
  for (const folder of ["bin", "volumes", "guests", "image"]) mkdirSync(join(fake, folder));
  writeFileSync(join(fake, "bin", "virsh"), fakeVirsh, { mode: 0o755 });
  for (const part of ["disk.raw", "vmlinuz", "initrd.img"]) writeFileSync(join(fake, "image", part), `whole ${part}`);
  seed = await payload([{ path: "/etc/hostname", content: "worker-1\n" }]);
});

afterEach(() => rmSync(fake, { recursive: true }));

interface Run {
  failAt?: string;
  /** And the script is killed there. */
  kill?: boolean;
  owner?: string;
  memory?: number;
  diskGiB?: number;
  /** The guest has a data disk. */
  data?: boolean;
  /** The guest does not hear that it is asked to shut down. */
  deaf?: boolean;
  /** The hypervisor is this machine. */
  here?: boolean;
  /** What may be lost, as a run hands it over. */
  acceptLoss?: string;
}

function environment(of: Run) {
  const { failAt = "", kill = false, owner = mine, diskGiB = 20, deaf = false, acceptLoss = "", here = false } = of;
  return {
    PATH: `${join(fake, "bin")}:${process.env.PATH}`,
    FAKE: fake,
    FAIL_AT: failAt,
    KILL: kill ? "1" : "",
    DEAF: deaf ? "1" : "",
    GRUNNMUR_ACCEPT_LOSS: acceptLoss,
    URI: "qemu+ssh://grunnmur@osl1.example.no/system",
    HOST_KEY: here ? "" : key,
    NAME: "worker-1",
    POOL: "nvme",
    POOL_DIR: "",
    DISK_GIB: String(diskGiB),
    OWNER: owner,
    STACK: "prod",
    REACH: "",
    PATIENCE: "5",
    IMAGE_DIR: join(fake, "image"),
    IMAGE: "golden-1",
  };
}

function step(which: Parameters<typeof guestScript>[0], run: Run) {
  const input = which === "disk-up" ? seed : domain(run.memory ?? 2048, run.owner, run.data);
  return spawnSync("bash", ["-c", guestScript(which)], { env: environment(run), input, encoding: "utf8" });
}

/** The resources of a guest, in the order in which Pulumi makes or deletes them; the first failure ends it. */
function run(which: "up" | "down", failAt = "", more: Run = {}) {
  const data = more.data ? ([`data-disk-${which}`] as const) : [];
  const steps =
    which === "up" ? (["disk-up", ...data, "domain-up"] as const) : (["domain-down", ...data, "disk-down"] as const);
  let said = "";
  for (const one of steps) {
    const done = step(one, { failAt, ...more });
    said += done.stdout;
    if (done.status !== 0 || one === steps.at(-1)) return { ...done, stdout: said };
  }
  return assert.fail("no step");
}

const volume = (name: string) => join(fake, "volumes", name);

test("a guest is made whole, and made again changes nothing", () => {
  const first = run("up");
  assert.equal(first.status, 0, first.stderr);
  assert.equal(readFileSync(volume(`golden-1.${mine}.vmlinuz`), "utf8"), "whole vmlinuz");
  assert.match(
    readFileSync(join(fake, "guests", "worker-1"), "utf8"),
    /volumes\/golden-1\.0123456789abcdef\.vmlinuz<\/kernel>/,
  );
  const again = run("up", "vol-upload");
  assert.deepEqual([again.status, again.stdout], [0, ""]);
});

test("an emulated guest of this machine is told the rate of its counter; another machine's is not known here", () => {
  const cmdline = (here: boolean): string => {
    assert.equal(run("up", "", { here }).status, 0);
    return /<cmdline>(.*)<\/cmdline>/.exec(readFileSync(join(fake, "guests", "worker-1"), "utf8"))?.[1] ?? "";
  };
  const cpus = readFileSync("/proc/cpuinfo", "utf8");
  const khz = Math.round(Number(/^bogomips\s*: (.*)$/m.exec(cpus)?.[1]) * 500);
  const known = /\bconstant_tsc\b/.test(cpus);
  assert.equal(cmdline(true), known ? `tsc=reliable tsc_early_khz=${khz} quiet` : "tsc=reliable quiet");
  assert.equal(cmdline(false), "tsc=reliable quiet");
});

for (const [step, kill] of ["vol-upload", "vol-create-as", "vol-create", "define"].flatMap((each) => [
  [each, false] as const,
  [each, true] as const,
])) {
  test(`a run that ${kill ? "was killed" : "failed"} at ${step} is gone on with`, () => {
    assert.notEqual(run("up", step, { kill }).status, 0);
    assert.ok(!existsSync(join(fake, "guests", "worker-1")));
    // Of a disk that was not made Pulumi knows nothing, and so removes nothing.
    if (!kill && step !== "define") assert.deepEqual(readdirSync(join(fake, "volumes")), []);
    assert.equal(run("up").status, 0);
    for (const part of ["disk.raw", "vmlinuz", "initrd.img"]) {
      assert.equal(readFileSync(volume(`golden-1.${mine}.${part}`), "utf8"), `whole ${part}`);
    }
    assert.match(readFileSync(volume("worker-1.seed"), "utf8"), /etc\/hostname/);
  });
}

test("a seed that was cut off is not taken for a whole one", () => {
  assert.notEqual(run("up", "vol-create", { kill: true }).status, 0);
  truncateSync(volume("worker-1.seed"), 3);
  assert.equal(run("up").status, 0);
  assert.match(readFileSync(volume("worker-1.seed"), "utf8"), /etc\/hostname/);
});

test("a hypervisor that does not answer for a moment is not one without the guest", () => {
  assert.equal(run("up").status, 0);
  assert.notEqual(run("up", "vol-list").status, 0);
  assert.notEqual(run("down", "list").status, 0);
  assert.ok(existsSync(volume("worker-1.qcow2")) && existsSync(join(fake, "guests", "worker-1")));
});

test("a guest goes with its disks, twice", () => {
  assert.equal(run("up").status, 0);
  for (const _ of [1, 2]) assert.equal(run("down").status, 0);
  assert.ok(readdirSync(join(fake, "volumes")).length === 0, readdirSync(join(fake, "volumes")).join(" "));
});

test("only the pinned host key is taken", { skip: spawnSync("ssh", ["-V"]).error && "no ssh here" }, () => {
  assert.equal(run("up").status, 0);
  const options = readFileSync(join(fake, "ssh"), "utf8");
  const [, file = ""] = options.match(/^userknownhostsfile (.*)$/m) ?? [];
  assert.match(options, /^stricthostkeychecking true$/m);
  assert.match(options, /^globalknownhostsfile \/dev\/null$/m);
  assert.match(options, /^hostkeyalias hypervisor$/m);
  assert.match(file, /^\/tmp\/grunnmur-ssh\.\w+\/known_hosts$/);
  assert.ok(!existsSync(file), "left behind");
});

test("another state neither changes nor removes a guest, and hears whose it is and how to adopt it", () => {
  assert.equal(run("up").status, 0);
  const other = { owner: "fedcba9876543210" };
  for (const which of ["disk-up", "domain-up", "disk-down", "domain-down"] as const) {
    const { status, stderr } = step(which, other);
    assert.equal(status, 1, which);
    assert.match(stderr, /is another's: its owner is 0123456789abcdef \(stack prod, made by \S+@\S+ on \d{4}-/);
    assert.match(stderr, /virsh vol-create-as nvme worker-1\.owner\.fedcba9876543210 1 --format raw/);
  }
  assert.ok(existsSync(volume("worker-1.qcow2")) && existsSync(join(fake, "guests", "worker-1")));
  // What the message says to do.
  rmSync(volume(`worker-1.owner.${mine}`));
  writeFileSync(volume(`worker-1.owner.${other.owner}`), "");
  assert.equal(run("up", "", other).status, 0);
  assert.equal(run("down", "", other).status, 0);
});

test("a disk without a mark is nobody's to take", () => {
  writeFileSync(volume("worker-1.qcow2"), "by hand");
  for (const which of ["disk-up", "disk-down"] as const) assert.match(step(which, {}).stderr, /bears no owner's mark/);
  assert.equal(readFileSync(volume("worker-1.qcow2"), "utf8"), "by hand");
});

test("more memory shuts a running guest down and starts it again, once", () => {
  assert.equal(run("up").status, 0);
  assert.match(run("up", "", { memory: 4096 }).stdout, /started again with memory 4194304/);
  assert.match(readFileSync(join(fake, "live"), "utf8"), />4096</);
  assert.equal(run("up", "", { memory: 4096 }).stdout, "");
});

test("a disk of another image is not taken for one of this image", () => {
  assert.equal(run("up").status, 0);
  const path = volume("worker-1.qcow2");
  writeFileSync(path, readFileSync(path, "utf8").replace(/golden-[^./]*/, "golden-older"));
  const { status, stderr } = step("disk-up", {});
  assert.equal(status, 1);
  assert.match(stderr, /made from another image, .*golden-older.*replace' makes its machine anew/);
});

test("a disk grows in place, running or not, and does not shrink", () => {
  assert.equal(run("up").status, 0);
  assert.match(run("up", "", { diskGiB: 30 }).stdout, /grown from 20 to 30 GiB/);
  assert.match(readFileSync(join(fake, "log"), "utf8"), /^blockresize worker-1 vda 30G$/m);
  rmSync(join(fake, "state"));
  assert.equal(run("up", "", { diskGiB: 40 }).status, 0);
  assert.match(readFileSync(join(fake, "log"), "utf8"), /^resize .*40G$/m);
  assert.match(run("up").stderr, /has 40 GiB and cannot be made smaller/);
});

test("what fails over a disk that is there leaves it, and whose it is", () => {
  assert.equal(run("up").status, 0);
  rmSync(join(fake, "state"));
  const before = readdirSync(join(fake, "volumes"));
  assert.notEqual(step("disk-up", { diskGiB: 30, failAt: "vol-resize" }).status, 0);
  assert.deepEqual(readdirSync(join(fake, "volumes")), before);
});

const data = { data: true };

test("a data disk is kept with what is on it while the guest's own disk is made anew, and goes by its own removal", () => {
  assert.equal(run("up", "", data).status, 0);
  writeFileSync(volume("worker-1.data.qcow2"), `${readFileSync(volume("worker-1.data.qcow2"), "utf8")}kept`);
  for (const which of ["domain-down", "disk-down"] as const) assert.equal(step(which, data).status, 0);
  assert.deepEqual(readdirSync(join(fake, "volumes")), ["worker-1.data.owner.0123456789abcdef", "worker-1.data.qcow2"]);
  const again = run("up", "", data);
  assert.deepEqual([again.status, again.stdout.match(/data disk .* made/)], [0, null]);
  assert.match(readFileSync(volume("worker-1.data.qcow2"), "utf8"), /kept/);
  assert.match(readFileSync(join(fake, "guests", "worker-1"), "utf8"), /volume='worker-1\.data\.qcow2'/);
  for (const _ of [1, 2]) assert.equal(run("down", "", data).status, 0);
  assert.deepEqual(readdirSync(join(fake, "volumes")), []);
});

for (const failAt of ["vol-create-as", "vol-upload", "vol-create"]) {
  test(`a data disk whose making ended at ${failAt} is gone on with`, () => {
    assert.equal(step("disk-up", {}).status, 0);
    const before = readdirSync(join(fake, "volumes"));
    assert.notEqual(step("data-disk-up", { failAt }).status, 0);
    assert.deepEqual(readdirSync(join(fake, "volumes")), before);
    assert.notEqual(step("data-disk-up", { failAt, kill: true }).status, 0);
    assert.equal(step("data-disk-up", {}).status, 0);
    assert.ok(existsSync(volume("worker-1.data.qcow2")));
  });
}

test("a data disk of another state, or of nobody's, is neither taken nor attached nor removed", () => {
  assert.equal(run("up", "", data).status, 0);
  const other = { ...data, owner: "fedcba9876543210" };
  writeFileSync(volume(`worker-1.owner.${other.owner}`), "");
  rmSync(volume(`worker-1.owner.${mine}`));
  for (const which of ["data-disk-up", "domain-up", "data-disk-down"] as const) {
    const { status, stderr } = step(which, other);
    assert.equal(status, 1, which);
    assert.match(stderr, /^the disk worker-1\.data on \S+ is another's: its owner is 0123456789abcdef \(stack prod/m);
    assert.match(stderr, /virsh vol-create-as nvme worker-1\.data\.owner\.fedcba9876543210 1 --format raw/);
  }
  rmSync(volume(`worker-1.data.owner.${mine}`));
  for (const which of ["data-disk-up", "domain-up", "data-disk-down"] as const) {
    assert.match(step(which, other).stderr, /^the disk worker-1\.data on \S+ bears no owner's mark/m, which);
  }
  assert.ok(existsSync(volume("worker-1.data.qcow2")));
});

test("a data disk grows under the guest, or beside one that was started without it, and does not shrink", () => {
  assert.equal(run("up").status, 0);
  assert.equal(step("data-disk-up", { diskGiB: 20 }).status, 0);
  assert.equal(step("data-disk-up", { diskGiB: 25 }).status, 0);
  assert.match(readFileSync(join(fake, "log"), "utf8"), /^resize .*worker-1\.data\.qcow2 25G$/m);
  assert.match(
    step("domain-up", data).stdout,
    /restarting worker-1: .*disk vda\n.*started again with .*disk vda, disk vdc/,
  );
  assert.match(step("data-disk-up", { diskGiB: 30 }).stdout, /worker-1\.data grown from 25 to 30 GiB/);
  assert.match(readFileSync(join(fake, "log"), "utf8"), /^blockresize worker-1 vdc 30G$/m);
  assert.match(step("data-disk-up", { diskGiB: 20 }).stderr, /has 30 GiB and cannot be made smaller: set dataDiskGiB/);
});

test("a guest that misses its data disk is not started, and one that has it keeps it", () => {
  assert.equal(step("disk-up", {}).status, 0);
  assert.match(step("domain-up", data).stderr, /the data disk of worker-1 is missing from pool nvme/);
  assert.equal(run("up", "", data).status, 0);
  assert.match(step("data-disk-down", {}).stderr, /runs with its data disk, which is left as it is/);
  assert.ok(existsSync(volume("worker-1.data.qcow2")));
});

test("a guest with a data disk writes what it has before it goes, and a dead one is not waited for long", () => {
  for (const [run_, log] of [
    [data, "shutdown\n"],
    [{ ...data, deaf: true }, "shutdown\ndestroy\n"],
    [{}, "destroy\n"],
  ] as const) {
    assert.equal(run("up", "", run_).status, 0);
    rmSync(join(fake, "log"), { force: true });
    assert.equal(step("domain-down", run_).status, 0);
    assert.equal(readFileSync(join(fake, "log"), "utf8"), log);
  }
});

test("a golden image stays while a disk lies over it, and another's is left alone", () => {
  assert.equal(run("up").status, 0);
  writeFileSync(volume("golden-1.fedcba9876543210.disk.raw"), "half of another's");
  writeFileSync(volume("worker-2.qcow2"), readFileSync(volume("worker-1.qcow2")));
  assert.equal(run("down").status, 0);
  assert.ok(existsSync(volume(`golden-1.${mine}.disk.raw`)));
  rmSync(volume("worker-2.qcow2"));
  assert.equal(run("down").status, 0);
  assert.deepEqual(readdirSync(join(fake, "volumes")), ["golden-1.fedcba9876543210.disk.raw"]);
});

test("a guest whose hypervisor is gone is given up only where a person says that this one is", () => {
  assert.equal(run("up").status, 0);
  assert.match(run("down", "uri").stderr, /--accept-loss 'qemu\+ssh:\/\/grunnmur@osl1\.example\.no\/system'/);
  assert.equal(run("down", "uri", { acceptLoss: `worker-1,qemu+ssh://grunnmur@osl1.example.no/systemd` }).status, 1);
  const given = run("down", "uri", { acceptLoss: `worker-1,qemu+ssh://grunnmur@osl1.example.no/system` });
  assert.equal(given.status, 0);
  assert.match(given.stdout, /is given up/);
  assert.ok(existsSync(volume("worker-1.qcow2")));
  // One that answers is asked to the end.
  assert.equal(run("down", "", { acceptLoss: "qemu+ssh://grunnmur@osl1.example.no/system" }).status, 0);
  assert.deepEqual(readdirSync(join(fake, "volumes")), []);
});

test("a run that is killed leaves neither an upload nor the lock behind", async () => {
  writeFileSync(
    join(fake, "bin", "virsh"),
    fakeVirsh.replace("vol-upload)", () => 'vol-upload) echo $$ >"$FAKE/pid"; exec sleep 60;;\n  x)'),
    {
      mode: 0o755,
    },
  );
  const child = spawn("bash", ["-c", guestScript("disk-up")], {
    env: environment({}),
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.end(seed);
  const pidFile = join(fake, "pid");
  await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "");
  const pid = Number(readFileSync(pidFile, "utf8"));
  // Until then its shell's own descriptors come and go.
  await until(() => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n");
  // Ours alone holds the lock now, and not its child.
  const locks = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  assert.ok(!locks.some((path) => path.startsWith("/run/lock/grunnmur-")), locks.join(" "));
  child.kill("SIGKILL");
  await until(() => !existsSync(`/proc/${pid}`));
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, "it did not come to pass within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
