import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { runAsRoot } from "../lib/root";
import type { Recipe, Work } from "../lib/store";
import { lock, lockedImage, lockedTool } from "../lock";
import type { ImageEntry } from "./images";

const scripts = repositoryPath("artifacts", "golden-image");
const files = [
  "rootfs",
  "make-image.sh",
  "configure-root.sh",
  "import-images.sh",
  "fill-mirror.sh",
  "make-initrd.sh",
  "initrd-init.sh",
];

/** Binaries that every node carries in /usr/local/bin, by the artifact that has them. */
const binaries: Record<string, string[]> = {
  kubernetes: ["kubeadm", "kubelet", "kubectl"],
  containerd: ["containerd", "containerd-shim-runc-v2", "ctr"],
  registry: ["registry"],
};

/** `disk.raw`, `vmlinuz`, `initrd.img`: what every node starts from, the registry's too; and `manifest.json`. */
export const goldenImageRecipe: Recipe = {
  name: "golden-image",
  needs: ["debian-base", "images", "crane", ...Object.keys(binaries)],
  from: [binaries, lockedImage("pause")],
  files: files.map((name) => join(scripts, name)),
  make: async (work) => {
    const staged = join(work.dir, "binaries");
    stageBinaries(staged, work);
    const pause = lockedImage("pause").ref;
    const base = join(work.of("debian-base"), "base.tar");
    const mirror = join(work.dir, "mirror.list");
    writeFileSync(mirror, mirrorList(work));
    const crane = join(work.of("crane"), "bin", "crane");
    const preloaded = images(work).flatMap((image) => (image.preloaded ? [join(work.of("images"), image.file)] : []));
    const args = [base, staged, preloaded.join("\n"), pause, mirror, crane, work.dir];
    await runAsRoot(join(scripts, "make-image.sh"), args, work.beat);
    rmSync(staged, { recursive: true });
    rmSync(mirror);
    const manifest = describe(work);
    writeFileSync(join(work.dir, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  },
};

function stageBinaries(folder: string, work: Work): void {
  mkdirSync(folder);
  for (const [artifact, names] of Object.entries(binaries)) {
    for (const name of names) copyFileSync(join(work.of(artifact), "bin", name), join(folder, name));
  }
}

/** Lines of tarball and reference, for the registry's own storage. */
function mirrorList(work: Work): string {
  return images(work)
    .map(({ file, ref }) => `${join(work.of("images"), file)} ${ref}\n`)
    .join("");
}

function images(work: Work): ImageEntry[] {
  return JSON.parse(readFileSync(join(work.of("images"), "images.json"), "utf8"));
}

function describe(work: Work): Record<string, unknown> {
  return {
    debian: lock().debian.suite,
    asOf: lock().debian.asOf,
    kubernetes: lockedTool("kubernetes").version,
    containerd: lockedTool("containerd").version,
    registry: lockedTool("registry").version,
    images: images(work),
    /** A node's disk is at least this large. */
    diskMiB: statSync(join(work.dir, "disk.raw")).size / 2 ** 20,
  };
}
