import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../lib/repository";
import { runAsRoot } from "../lib/root";
import type { Recipe, Work } from "../lib/store";
import { lock, lockedImage, lockedTool } from "../lock";

const scripts = repositoryPath("artifacts", "golden-image");
const files = ["rootfs", "make-image.sh", "configure-root.sh", "import-images.sh", "make-initrd.sh", "initrd-init.sh"];

/** Binaries that every node carries in /usr/local/bin, by the artifact that has them. */
const binaries: Record<string, string[]> = {
  kubernetes: ["kubeadm", "kubelet", "kubectl"],
  containerd: ["containerd", "containerd-shim-runc-v2", "ctr"],
  registry: ["registry"],
};

/** `disk.raw`, `vmlinuz`, `initrd.img`: what every node starts from, the registry's too; and `manifest.json`. */
export const goldenImageRecipe: Recipe = {
  name: "golden-image",
  needs: ["debian-base", "images", ...Object.keys(binaries)],
  from: [binaries, lockedImage("pause")],
  files: files.map((name) => join(scripts, name)),
  make: async (work) => {
    const staged = join(work.dir, "binaries");
    stageBinaries(staged, work);
    const pause = lockedImage("pause").ref;
    const base = join(work.of("debian-base"), "base.tar");
    await runAsRoot(join(scripts, "make-image.sh"), [base, staged, work.of("images"), pause, work.dir], work.beat);
    rmSync(staged, { recursive: true });
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

function describe(work: Work): Record<string, unknown> {
  return {
    debian: lock().debian.suite,
    kubernetes: lockedTool("kubernetes").version,
    containerd: lockedTool("containerd").version,
    registry: lockedTool("registry").version,
    images: JSON.parse(readFileSync(join(work.of("images"), "images.json"), "utf8")),
    /** A node's disk is at least this large. */
    diskMiB: statSync(join(work.dir, "disk.raw")).size / 2 ** 20,
  };
}
