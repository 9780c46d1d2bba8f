import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { payload } from "../payload";
import { domainScript } from "./kvm-node";

// Keeps volumes and guests as files of $FAKE, and stops where $FAIL_AT names one of its verbs.
const fakeVirsh = `#!/bin/bash
set -eu
shift 2; connection=$1 verb=$2; shift 2
if [ "$verb" = "\${FAIL_AT:-}" ]; then echo "interrupted" >&2; exit 1; fi
case "$verb" in
  uri) case "$connection" in *command=*) "\${connection#*command=}" -G grunnmur@osl1.example.no >"$FAKE/ssh" ;; esac ;;
  pool-list) echo " nvme " ;;
  vol-list) for file in "$FAKE/volumes/"*; do echo " \${file##*/} $file"; done ;;
  vol-path) echo "$FAKE/volumes/$3" ;;
  vol-create-as) printf half >"$FAKE/volumes/$2" ;;
  vol-create) sed -n 's|.*<name>\\(.*\\)</name>|\\1|p' "$2" | { read -r name; touch "$FAKE/volumes/$name"; } ;;
  vol-upload) cp "$5" "$FAKE/volumes/$4" ;;
  vol-delete) rm "$FAKE/volumes/$3" ;;
  list) ls "$FAKE/guests" ;;
  dumpxml) cat "$FAKE/guests/$1" ;;
  define) cp "$1" "$FAKE/guests/worker-1" ;;
  undefine) rm "$FAKE/guests/$1" ;;
  domstate) echo running ;;
esac
`;
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const xml = "<domain><kernel>@KERNEL@</kernel></domain>\n";

let fake: string;
let stdin: string;

beforeEach(async () => {
  fake = mkdtempSync(join(tmpdir(), "grunnmur-virsh-"));
  for (const folder of ["bin", "volumes", "guests", "image"]) mkdirSync(join(fake, folder));
  writeFileSync(join(fake, "bin", "virsh"), fakeVirsh, { mode: 0o755 });
  for (const part of ["disk.raw", "vmlinuz", "initrd.img"]) writeFileSync(join(fake, "image", part), `whole ${part}`);
  const seed = await payload([{ path: "/etc/hostname", content: "worker-1\n" }]);
  stdin = await payload([
    { path: "domain.xml", content: xml },
    { path: "seed.b64", content: seed },
  ]);
});

afterEach(() => rmSync(fake, { recursive: true }));

function run(which: "up" | "down", failAt = "") {
  const env = {
    PATH: `${join(fake, "bin")}:${process.env.PATH}`,
    FAKE: fake,
    FAIL_AT: failAt,
    URI: "qemu+ssh://grunnmur@osl1.example.no/system",
    HOST_KEY: key,
    NAME: "worker-1",
    POOL: "nvme",
    POOL_DIR: "",
    DISK_GIB: "20",
    IMAGE_DIR: join(fake, "image"),
    IMAGE: "golden-1",
  };
  return spawnSync("bash", ["-c", domainScript(which)], { env, input: stdin, encoding: "utf8" });
}

const volume = (name: string) => join(fake, "volumes", name);

test("a guest is made whole, and made again changes nothing", () => {
  assert.equal(run("up").status, 0);
  assert.equal(readFileSync(volume("golden-1.vmlinuz"), "utf8"), "whole vmlinuz");
  assert.match(readFileSync(join(fake, "guests", "worker-1"), "utf8"), /volumes\/golden-1\.vmlinuz<\/kernel>/);
  const again = run("up", "vol-upload");
  assert.deepEqual([again.status, again.stdout], [0, ""]);
});

for (const step of ["vol-upload", "vol-create-as", "vol-create", "define"]) {
  test(`a run that ended at ${step} is gone on with`, () => {
    assert.notEqual(run("up", step).status, 0);
    assert.ok(!existsSync(join(fake, "guests", "worker-1")));
    assert.equal(run("up").status, 0);
    for (const part of ["disk.raw", "vmlinuz", "initrd.img"]) {
      assert.equal(readFileSync(volume(`golden-1.${part}`), "utf8"), `whole ${part}`);
    }
    assert.match(readFileSync(volume("worker-1.seed"), "utf8"), /etc\/hostname/);
  });
}

test("a seed that was cut off is not taken for a whole one", () => {
  assert.notEqual(run("up", "vol-create").status, 0);
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
  assert.ok(!existsSync(volume("worker-1.qcow2")) && !existsSync(volume("worker-1.seed")));
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
