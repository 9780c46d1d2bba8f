import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { type Entry, writeImage } from "../lib/image";
import { moduleSource } from "../lib/modules";
import { repositoryPath } from "../lib/repository";
import { run } from "../lib/run";
import type { Recipe, Work } from "../lib/store";
import { lock, lockedImage, ownImage } from "../lock";

/** One line of `images.json`. */
export interface ImageEntry {
  file: string;
  ref: string;
  digest: string;
  /** Version of the program inside, where the reference says another one. */
  version: string;
  /** In each node's containerd from its first moment; otherwise in the registry alone. */
  preloaded: boolean;
}

/** Upstream's users: the API server and its like run as root because their keys are root's; Flux as nobody. */
const root = "0:0";
const nobody = "65534:65534";

/** What a node needs of another version of Kubernetes, which it takes from the registry. */
const nodePrograms = ["kubeadm", "kubelet", "kubectl"];

/** System images as docker-save tarballs and `images.json`, made from the binaries in the store. */
export const imagesRecipe: Recipe = {
  name: "images",
  needs: [
    ...["crane", "debian-base", "kubernetes", "etcd", "coredns"],
    ...["source-controller", "kustomize-controller", "network-policies"],
  ],
  from: systemImages(),
  files: [repositoryPath("artifacts", "recipes", "images.ts"), repositoryPath("artifacts", "lib", "image.ts")],
  make: async (work) => {
    const made: ImageEntry[] = [];
    for (const name of Object.keys(systemImages())) {
      work.beat(`making ${name}`);
      made.push(await makeImage(name, work));
    }
    for (const scratch of [".pause", ".nft"]) rmSync(join(work.dir, scratch), { recursive: true, force: true });
    writeFileSync(join(work.dir, "images.json"), `${JSON.stringify(made, null, 2)}\n`);
    return { images: made.map(({ ref }) => ref) };
  },
};

/** What they are made by; a licence makes no other image. */
function systemImages(): Record<string, object> {
  const needed = Object.entries(lock().images).filter(([, { optional }]) => !optional);
  return Object.fromEntries(needed.map(([name, { library: _, also: __, ...rest }]) => [name, rest]));
}

/** An image that a stack may do without, of the program of the same name: `image.tar` and `image.json`. */
export function optionalImageRecipe(name: string): Recipe {
  return {
    name: `${name}-image`,
    needs: ["crane", name],
    from: lockedImage(name).ref,
    files: imagesRecipe.files,
    make: async (work) => {
      const made = await makeImage(name, work);
      renameSync(join(work.dir, made.file), join(work.dir, "image.tar"));
      writeFileSync(join(work.dir, "image.json"), `${JSON.stringify({ ref: made.ref, digest: made.digest })}\n`);
      return { image: made.ref };
    },
  };
}

async function makeImage(name: string, work: Work): Promise<ImageEntry> {
  const { version, tool, preloaded, ref: upstream } = lockedImage(name);
  const ref = upstream.includes("{key}") ? ownImage(name, work.of(name)) : upstream;
  const file = `${name}.tar`;
  const output = join(work.dir, file);
  const flux = name === "source-controller" || name === "kustomize-controller";
  const program = name === "pause" ? "pause" : `usr/local/bin/${name === "kubernetes" ? "kubectl" : name}`;
  const programs = name === "kubernetes" ? nodePrograms : [name];
  const entries: Entry[] = [
    ...(name === "pause"
      ? [{ path: program, from: await compilePause(version, work) }]
      : programs.map((one) => ({ path: `usr/local/bin/${one}`, from: join(work.of(tool ?? name), "bin", one) }))),
    { path: "tmp", directory: true, mode: 0o1777 },
    {
      path: "etc/passwd",
      content: "root:x:0:0::/root:/sbin/nologin\nnobody:x:65534:65534::/tmp:/sbin/nologin\n",
      mode: 0o644,
    },
    { path: "etc/group", content: "root:x:0:\nnobody:x:65534:\n", mode: 0o644 },
    ...(name === "kube-proxy" ? await nftEntries(work) : []),
  ];
  const user = flux || ["coredns", "pause", "kubernetes", "metrics-server"].includes(name) ? nobody : root;
  await writeImage({ ref, entries, entrypoint: [`/${program}`], user, version }, output);
  const digest = (await run(join(work.of("crane"), "bin", "crane"), ["digest", "--tarball", output])).trim();
  return { file, ref, digest, version, preloaded };
}

/** Upstream publishes the pause container as one C file; it holds a pod's namespaces open and reaps its orphans. */
async function compilePause(version: string, work: Work): Promise<string> {
  const source = join(await moduleSource("kubernetes", "k8s.io/kubernetes"), "build", "pause", "linux", "pause.c");
  const output = join(work.dir, ".pause");
  await run("gcc", [
    "-Os",
    "-Wall",
    "-static",
    "-s",
    "-Wl,--build-id=none",
    `-DVERSION=v${version}`,
    "-o",
    output,
    source,
  ]);
  return output;
}

/**
 * kube-proxy calls `nft`, so its image holds Debian's, with the libraries that the program really loads. They lie where
 * Debian has them, and `lib64` leads to the loader.
 */
async function nftEntries(work: Work): Promise<Entry[]> {
  const scratch = join(work.dir, ".nft");
  const libraries = "usr/lib/x86_64-linux-gnu";
  mkdirSync(scratch, { recursive: true });
  await run("tar", [
    "-xf",
    join(work.of("debian-base"), "base.tar"),
    "-C",
    scratch,
    "--no-same-owner",
    "./usr/sbin/nft",
    `./${libraries}`,
  ]);

  const loader = join(scratch, libraries, "ld-linux-x86-64.so.2");
  const listed = await run(loader, [
    "--library-path",
    join(scratch, libraries),
    "--list",
    join(scratch, "usr/sbin/nft"),
  ]);
  const found = listed.matchAll(/=> (\S+) \(/g);
  const names = new Set(
    [...found].map(([, path = ""]) => relative(scratch, path)).filter((path) => path.startsWith(libraries)),
  );
  return [
    { path: "usr/sbin/nft", from: join(scratch, "usr/sbin/nft") },
    // Without it nft lists protocols by their numbers. kube-proxy, which adds them by their names, takes what it finds at its
    // start for something else, deletes it, and leaves every service unreachable on the node until it changes.
    { path: "etc/protocols", content: "icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nsctp 132 SCTP\n", mode: 0o644 },
    { path: `${libraries}/${basename(loader)}`, from: loader },
    ...[...names]
      .filter((path) => basename(path) !== basename(loader))
      .map((path) => ({ path, from: join(scratch, path) })),
    { path: "lib64", linkTo: libraries },
    { path: "lib", linkTo: "usr/lib" },
  ];
}
