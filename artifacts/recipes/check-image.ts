import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { repositoryPath } from "../../lib/places";
import { type Entry, writeImage } from "../lib/image";
import { runAsRoot } from "../lib/root";
import { run } from "../lib/run";
import type { Recipe } from "../lib/store";
import { lock } from "../lock";
import { ownVersion } from "./embedded-rules";

/** Where a pipeline finds it whatever version of grunnmur the environment is at, below `mirror/`. */
export const CHECK_IMAGE = "grunnmur/check:current";

const LIBRARIES = "usr/lib/x86_64-linux-gnu";
const script = repositoryPath("artifacts", "check-image", "make-root.sh");

/**
 * `image.tar` and `image.json`: the check with Debian's Node.js, what that loads, and busybox for the shell in which a
 * pipeline's script runs. Nothing else of Debian is in it, so there is little to keep up to date.
 */
export const checkImageRecipe = (): Recipe => ({
  name: "check-image",
  needs: ["check", "crane"],
  from: [lock().debian.suite, lock().debian.asOf, lock().checkImage, ownVersion()],
  files: [script, ...["recipes/check-image.ts", "lib/image.ts"].map((path) => repositoryPath("artifacts", path))],
  make: async (work) => {
    const root = join(work.dir, ".root");
    const archive = join(work.dir, ".root.tar");
    mkdirSync(root);
    const packages = lock().checkImage.join(",");
    await runAsRoot(script, [lock().debian.suite, packages, archive], work.beat);
    const wanted = ["./usr/bin/node", "./usr/bin/busybox", `./${LIBRARIES}`, "./usr/share/nodejs", "./usr/share/doc"];
    await run("tar", ["-xf", archive, "-C", root, "--no-same-owner", ...wanted]);
    const output = join(work.dir, "image.tar");
    await writeImage(
      {
        ref: CHECK_IMAGE,
        entries: [
          ...(await programs(root)),
          ...modules(root),
          ...licences(root),
          ...around(join(work.of("check"), "grunnmur-check.cjs")),
        ],
        entrypoint: ["/usr/local/bin/grunnmur-check"],
        user: "65534:65534",
        version: ownVersion(),
      },
      output,
    );
    for (const scratch of [root, archive]) rmSync(scratch, { recursive: true });
    const digest = (await run(join(work.of("crane"), "bin", "crane"), ["digest", "--tarball", output])).trim();
    writeFileSync(join(work.dir, "image.json"), `${JSON.stringify({ ref: CHECK_IMAGE, digest })}\n`);
    return { image: CHECK_IMAGE, digest };
  },
});

/** Node.js, busybox under the name of each of its programs, and the libraries that Node.js really loads, where Debian has them. */
async function programs(root: string): Promise<Entry[]> {
  const loader = join(root, LIBRARIES, "ld-linux-x86-64.so.2");
  const node = join(root, "usr/bin/node");
  const listed = await run(loader, ["--library-path", join(root, LIBRARIES), "--list", node]);
  const names = new Set([...listed.matchAll(/=> (\S+) \(/g)].map(([, path = ""]) => basename(path)));
  const applets = (await run(join(root, "usr/bin/busybox"), ["--list"])).trim().split("\n");
  return [
    { path: "usr/bin/node", from: node },
    { path: "usr/bin/busybox", from: join(root, "usr/bin/busybox") },
    ...applets.filter((name) => name !== "busybox").map((name) => ({ path: `usr/bin/${name}`, linkTo: "busybox" })),
    ...[...names.add(basename(loader))].map((name) => {
      return { path: `${LIBRARIES}/${name}`, from: join(root, LIBRARIES, name) };
    }),
    { path: "lib64", linkTo: LIBRARIES },
    { path: "lib", linkTo: "usr/lib" },
    { path: "bin", linkTo: "usr/bin" },
  ];
}

/** What Debian keeps beside Node.js of what others build into it. */
function modules(root: string): Entry[] {
  const folder = join(root, "usr/share/nodejs");
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(c?js|json|wasm)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((from) => ({ path: relative(root, from), from, mode: 0o644 }));
}

/** Of every package that was looked at; more than are in it. */
function licences(root: string): Entry[] {
  const documents = readdirSync(join(root, "usr/share/doc"), { recursive: true, encoding: "utf8" });
  return documents
    .filter((name) => basename(name) === "copyright")
    .map((name) => ({ path: `usr/share/doc/${name}`, from: join(root, "usr/share/doc", name), mode: 0o644 }));
}

function around(program: string): Entry[] {
  return [
    { path: "usr/local/bin/grunnmur-check", from: program },
    { path: "tmp", directory: true, mode: 0o1777 },
    {
      path: "etc/passwd",
      content: "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n",
      mode: 0o644,
    },
    { path: "etc/group", content: "root:x:0:\nnobody:x:65534:\n", mode: 0o644 },
  ];
}
