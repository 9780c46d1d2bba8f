import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { repositoryPath } from "../../lib/places";

const SCRIPT = repositoryPath("artifacts/golden-image/rootfs/usr/local/lib/grunnmur/data-disk.sh");
const MIB = 2 ** 20;
const programs = ["mkfs.ext4", "blkid", "cmp"];
const skip = programs.find((name) => spawnSync(name, ["--version"]).error) && `not all of ${programs.join(", ")} here`;

// A machine below a folder. What only a kernel can do is noted: a data disk that is mounted is an ordinary folder, and is a
// new machine's too. Files have their real owner.
const DOUBLES = {
  mount: 'echo "mount $*" >>"$LOG"; shift $(($# - 1)); echo "$1" >>"$ROOT/mounts"',
  mountpoint: 'grep -qxF "$2" "$ROOT/mounts" 2>/dev/null',
  "systemd-growfs": 'echo "grow $*" >>"$LOG"',
  chown: 'echo "chown $*" >>"$LOG"',
  sync: ":",
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "grunnmur-data-disk-"));
  mkdirSync(join(root, "bin"));
  for (const [name, text] of Object.entries(DOUBLES)) double(name, text);
  for (const folder of ["dev", "srv/git", "var/lib/registry", "var/lib/grunnmur"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function double(name: string, text: string): void {
  writeFileSync(join(root, "bin", name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
}

const at = (...path: string[]) => join(root, ...path);
const data = (...path: string[]) => at("var/lib/grunnmur/data", ...path);
const disk = () => at("dev/vdc");

function put(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Attaches a disk that is blank. */
function attach(serial: string, mib = 256, device = "vdc"): void {
  put(at("sys/block", device, "serial"), serial);
  put(at("sys/block", device, "size"), `${mib * 2048}\n`);
  put(at("dev", device), "");
  truncateSync(at("dev", device), mib * MIB);
}

/** The machine is made anew, from an image with these files: only its data disk is the same. */
function newSystemDisk(files: Record<string, string> = {}): void {
  for (const folder of ["srv/git", "var/lib/registry"]) {
    rmSync(at(folder), { recursive: true });
    mkdirSync(at(folder));
  }
  for (const name of ["git", "registry", "begun"]) rmSync(at(`var/lib/grunnmur/data-disk-${name}`), { force: true });
  rmSync(at("mounts"), { force: true });
  for (const [path, content] of Object.entries(files)) put(at(path), content);
}

function run(mode: "mount" | "registry") {
  rmSync(at("log"), { force: true });
  const env = { PATH: `${at("bin")}:${process.env.PATH}:/usr/sbin:/sbin`, ROOT: root, LOG: at("log") };
  const done = spawnSync("bash", [SCRIPT, mode], { env, encoding: "utf8" });
  return { ...done, log: existsSync(at("log")) ? readFileSync(at("log"), "utf8").replaceAll(root, "") : "" };
}

function boot() {
  for (const mode of ["mount", "registry"] as const) {
    const { status, stderr } = run(mode);
    assert.equal(status, 0, stderr);
  }
}

const field = (name: string) =>
  execFileSync("blkid", ["-p", "-o", "value", "-s", name, disk()], {
    encoding: "utf8",
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  }).trim();

test("a blank disk gets a filesystem once, and is grown and mounted each time", { skip }, () => {
  attach("grunnmur-worker");
  const first = run("mount");
  assert.deepEqual([first.status, first.stderr], [0, ""]);
  assert.deepEqual([field("TYPE"), field("LABEL")], ["ext4", "grunnmur-data"]);
  const uuid = field("UUID");
  const where = "/dev/vdc /var/lib/grunnmur/data\ngrow /var/lib/grunnmur/data\n";
  assert.equal(first.log, `mount -t ext4 -o rw,relatime,nosuid,nodev ${where}`);
  newSystemDisk();
  const next = run("mount");
  assert.match(next.log, /^mount .*\ngrow/);
  assert.equal(next.stdout, "");
  assert.equal(field("UUID"), uuid);
  assert.equal(run("mount").log, "grow /var/lib/grunnmur/data\n"); // as a reload does
});

/** Writes into the disk at an offset in MiB. */
function write(mib: number, content: string | Buffer): void {
  const file = openSync(disk(), "r+");
  writeSync(file, Buffer.from(content), 0, undefined, mib * MIB);
  closeSync(file);
}
const otherLabel = () => {
  execFileSync("mkfs.ext4", ["-q", "-F", "-L", "mine", disk()], {
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
};
const FOREIGN: [string, () => void, RegExp][] = [
  ["bytes at its start", () => write(0, "x"), /is not blank, and nothing on it is known/],
  ["bytes in its midst", () => write(128, Buffer.alloc(MIB, 7)), /is not blank/],
  ["bytes at its end", () => write(255, Buffer.alloc(MIB, 7)), /is not blank/],
  ["another's filesystem", otherLabel, /holds ext4 with the label mine, not an ext4 with the label grunnmur-data/],
  ["swap", () => write(0, swap()), /holds swap, not an ext4/],
  ["a partition table", () => write(0, mbr()), /holds a partition table \(dos\), not an ext4/],
];
for (const [what, make, message] of FOREIGN) {
  test(`a disk with ${what} is left as it is, and the machine is not fit`, { skip }, () => {
    attach("grunnmur-registry");
    make();
    const before = execFileSync("cksum", [disk()], { encoding: "utf8" });
    const { status, stderr, log } = run("mount");
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.match(stderr, /left as it is.*blkdiscard -f .*; reboot$/m);
    assert.equal(execFileSync("cksum", [disk()], { encoding: "utf8" }), before);
    assert.equal(log, "");
    assert.match(run("registry").stderr, /is not mounted: see journalctl/);
  });
}

function swap(): Buffer {
  const page = Buffer.alloc(4096);
  page.writeUInt32LE(1, 1024); // version
  page.writeUInt32LE(1000, 1028); // last page
  page.write("SWAPSPACE2", 4086);
  return page;
}

function mbr(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0, 0, 2, 0, 0x83, 0, 10, 0, 0, 8, 0, 0, 0, 0x10, 0, 0]).copy(sector, 446);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

test("a filesystem whose making was cut off is made again, on the machine that saw the disk blank", { skip }, () => {
  attach("grunnmur-worker");
  double("mkfs.ext4", `printf half | dd of=${disk()} bs=1 seek=4096 conv=notrunc status=none; exit 1`);
  assert.equal(run("mount").status, 1);
  rmSync(at("bin/mkfs.ext4"));
  assert.equal(run("mount").status, 0);
  assert.equal(field("TYPE"), "ext4");
  assert.ok(!existsSync(at("var/lib/grunnmur/data-disk-begun")));
});

const blob = "docker/registry/v2/blobs/sha256/aa/data";
const mirror = { [`var/lib/registry/${blob}`]: "image 1", "var/lib/registry/docker/tag": "one" };

test("the registry has what the image brings and what was pushed, and what it has is not overwritten", { skip }, () => {
  attach("grunnmur-registry");
  newSystemDisk(mirror);
  boot();
  put(data("registry/docker/pushed"), "by CI");
  const newer = { "var/lib/registry/docker/tag": "two", "var/lib/registry/docker/new/blob": "image 2" };
  newSystemDisk({ ...mirror, ...newer });
  assert.equal(run("mount").status, 0);
  const { log, status } = run("registry");
  assert.equal(status, 0);
  const read = (path: string) => readFileSync(data("registry", path), "utf8");
  assert.deepEqual(
    [read(blob), read("docker/tag"), read("docker/new/blob"), read("docker/pushed")],
    ["image 1", "one", "image 2", "by CI"],
  );
  assert.equal(
    log,
    "chown -hR registry:registry /var/lib/grunnmur/data/registry\n" +
      "mount --bind /var/lib/grunnmur/data/registry /var/lib/registry\n",
  );
  assert.ok(!existsSync(data(".incoming")));
});

test("what was deleted from the registry does not come back at the next boot of the same machine", { skip }, () => {
  attach("grunnmur-registry");
  newSystemDisk(mirror);
  boot();
  rmSync(data("registry", blob));
  rmSync(at("mounts"));
  assert.equal(run("mount").status, 0);
  assert.equal(run("registry").log, "mount --bind /var/lib/grunnmur/data/registry /var/lib/registry\n");
  assert.ok(!existsSync(data("registry", blob)));
});

test("a copy that is cut off leaves no half of a file where it is looked for, and is made again", { skip }, () => {
  attach("grunnmur-registry");
  newSystemDisk(mirror);
  const half = `printf ima >"$2/half"; mkdir -p "$2/$(dirname ${blob})"; printf ima >"$2/${blob}"; cat >/dev/null; exit 1`;
  double("tar", `if [ "$3" = -xpf ]; then ${half}; fi; exec /bin/tar "$@"`);
  assert.equal(run("mount").status, 0);
  assert.notEqual(run("registry").status, 0);
  assert.ok(!existsSync(data("registry/half")) && !existsSync(data("registry", blob)));
  rmSync(at("bin/tar"));
  assert.equal(run("registry").status, 0);
  assert.equal(readFileSync(data("registry", blob), "utf8"), "image 1");
  assert.ok(!existsSync(data("registry/half")));
});

test("repositories of a machine that gets a data disk move to it, with who may reach them", { skip }, () => {
  attach("grunnmur-registry");
  newSystemDisk({ "srv/git/config.git/HEAD": "ref: refs/heads/main", "srv/git/.ssh/authorized_keys": "reader" });
  const { log } = run("mount");
  assert.equal(readFileSync(data("git/config.git/HEAD"), "utf8"), "ref: refs/heads/main");
  assert.equal(readFileSync(data("git/.ssh/authorized_keys"), "utf8"), "reader");
  assert.match(
    log,
    /^chown root:root \S+\/git\nchown -hR git:git \S+\/config\.git\nmount --bind \S+\/git \/srv\/git$/m,
  );
});

test("a machine made anew finds the repositories, and nobody's old key", { skip }, () => {
  attach("grunnmur-registry");
  newSystemDisk({ "srv/git/config.git/HEAD": "a", "srv/git/.ssh/authorized_keys": "old" });
  boot();
  put(data("git/config.git/refs/heads/main"), "pushed");
  newSystemDisk({ "srv/git/config.git/refs/heads/main": "scaffold", "srv/git/other.git/HEAD": "b" });
  boot();
  const read = (path: string) => readFileSync(data("git", path), "utf8");
  assert.deepEqual([read("config.git/refs/heads/main"), read("other.git/HEAD")], ["pushed", "b"]);
  assert.ok(!existsSync(data("git/.ssh")));
});

test("a worker's data disk is mounted, and takes the place of nothing", { skip }, () => {
  attach("grunnmur-worker");
  newSystemDisk({ ...mirror, "srv/git/config.git/HEAD": "a" });
  boot();
  assert.ok(!existsSync(data("git")) && !existsSync(data("registry")));
  assert.doesNotMatch(readFileSync(at("mounts"), "utf8"), /srv|registry/);
});

test("a machine without a data disk has nothing to do, and one that has lost its disk says so", { skip }, () => {
  attach("somebody-else's");
  for (const mode of ["mount", "registry"] as const) assert.deepEqual([run(mode).status, run(mode).log], [0, ""]);
  attach("grunnmur-registry");
  boot();
  rmSync(at("sys/block/vdc"), { recursive: true });
  for (const mode of ["mount", "registry"] as const) assert.match(run(mode).stderr, /has one, and does not find it/);
});

test("of two data disks neither is guessed to be the right one", { skip }, () => {
  attach("grunnmur-worker");
  attach("grunnmur-worker", 256, "vdd");
  assert.match(run("mount").stderr, /there are two, .*vdc and .*vdd/);
});
