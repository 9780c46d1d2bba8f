import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { repositoryPath } from "../lib/places";

/** Where an official download lies and what is taken out of it. `{version}`, `{major}`, `{minor}`, `{url}` are filled in. */
const releaseFile = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Address of the published checksum: a bare SHA-256, or lines of "<sha256>  <file name>". */
  checksums: z.string().optional(),
  /** A digest that must hold whatever the release site publishes. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Binary name to its path in the archive; "." where the download is the binary itself. */
  take: z.record(z.string(), z.string()),
});

const goBuild = z.strictObject({
  module: z.string(),
  /** Of the module, where it is another than that of the release. */
  version: z.string().optional(),
  /** Binary name to main package. */
  packages: z.record(z.string(), z.string()),
  tags: z.array(z.string()).default([]),
  ldflags: z.array(z.string()).default([]),
  /** It has parts in C. */
  cgo: z.boolean().optional(),
  /** Folders of the module that the program reads where it runs. A download has them inside. */
  share: z.array(z.string()).optional(),
  /** Files that upstream makes before it compiles and the published module has not, such as its page: empty ones do. */
  lacks: z.array(z.string()).optional(),
});

const version = z.string().regex(/^\d+\.\d+\.\d+$/);
/** As https://spdx.org/licenses names it. What is compiled is held to it. */
const licence = z.enum(["Apache-2.0", "MIT", "MPL-2.0", "BSD-3-Clause"]);

const tool = z.strictObject({
  version,
  licence,
  build: goBuild,
  /** Absent where upstream publishes container images only: such a tool is always compiled. */
  release: z.array(releaseFile.refine((f) => f.checksums || f.sha256, "needs `checksums` or `sha256`")).optional(),
});

const image = z.strictObject({
  ref: z.string(),
  tool: z.string().optional(),
  version: version.optional(),
  /** Of a program of ours: what does its work, of that version. */
  library: z.strictObject({ module: z.string(), licence }).optional(),
  /** Of the same, what else does work in it, by its name; of what has no releases, the version is Go's own. */
  also: z
    .record(
      z.string(),
      z.strictObject({
        module: z.string(),
        version: z.string().regex(/^\d+\.\d+\.\d+(-\d{14}-[0-9a-f]{12})?$/),
        licence,
      }),
    )
    .default({}),
  /** False: in the registry alone, and not in each node's containerd from its first moment. */
  preloaded: z.boolean().default(true),
  /** Made, and pushed, only for a stack that has it. */
  optional: z.boolean().default(false),
});

const lockSchema = z.strictObject({
  tools: z.record(z.string(), tool),
  flux: z.strictObject({ version }),
  plugins: z.record(z.string(), version),
  images: z.record(z.string(), image),
  debian: z.strictObject({
    suite: z.string(),
    /** The packages are at least as new; another day makes another image. */
    asOf: z.iso.date(),
    packages: z.array(z.string()),
  }),
  /** Debian packages of which the image of the check is taken. */
  checkImage: z.array(z.string()),
  hostPackages: z.record(z.string(), z.array(z.string())),
});

export type Lock = z.infer<typeof lockSchema>;
export type Tool = z.infer<typeof tool>;
export type ReleaseFile = z.infer<typeof releaseFile>;
export type Licence = z.infer<typeof licence>;
export type ImageLock = Omit<z.infer<typeof image>, "version"> & { version: string };

let cached: Lock | undefined;

/** The lock: every version, once. Parsed on first use. */
export function lock(): Lock {
  cached ??= lockSchema.parse(JSON.parse(readFileSync(repositoryPath("artifacts", "lock.json"), "utf8")));
  return cached;
}

/** @throws if the lock has no such tool */
export function lockedTool(name: string): Tool {
  const found = lock().tools[name];
  if (!found) throw new Error(`lock.json has no tool "${name}"; it has ${Object.keys(lock().tools).join(", ")}`);
  return found;
}

/** The reference under which a system image is known to kubeadm and the manifests, and the version really inside. */
export function lockedImage(name: string): ImageLock {
  const found = lock().images[name];
  if (!found) throw new Error(`lock.json has no image "${name}"; it has ${Object.keys(lock().images).join(", ")}`);
  const real = found.version ?? lockedTool(found.tool ?? name).version;
  return { ...found, ref: fill(found.ref, real), version: real };
}

/**
 * The reference of an image of ours, whose tag follows from the program inside and not from a version alone.
 * @param program the program's folder in the store, there or not
 */
export function ownImage(name: string, program: string): string {
  return lockedImage(name).ref.replace("{key}", basename(program).slice(0, 8));
}

/** Replaces `{version}`, `{major}` and `{minor}` in a template of the lock. */
export function fill(template: string, forVersion: string): string {
  const [major = "", minor = ""] = forVersion.split(".");
  return template.replaceAll("{version}", forVersion).replaceAll("{major}", major).replaceAll("{minor}", minor);
}
