import { chmodSync, copyFileSync, cpSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { download } from "../lib/download";
import { defaultBinaryName, goBuild, goEnvironment } from "../lib/go";
import { requireLicence } from "../lib/licence";
import { run } from "../lib/run";
import { fromEither } from "../lib/source";
import type { Recipe, Work } from "../lib/store";
import { fill, lockedTool, type ReleaseFile, type Tool } from "../lock";

/** Binaries in `bin/`, from the official download or compiled from the module in `artifacts/modules/<name>`. */
export function toolRecipe(name: string): Recipe {
  const tool = lockedTool(name);
  // Under which licence it is makes nothing else of it.
  const { licence: _, ...from } = tool;
  const module = repositoryPath("artifacts", "modules", name);
  return {
    name,
    needs: [],
    compiles: true,
    from,
    files: [join(module, "go.mod"), join(module, "go.sum")],
    make: async (work) => {
      mkdirSync(join(work.dir, "bin"));
      const files = tool.release;
      const source = await fromEither(
        files && (() => takeReleases(tool.version, files, work)),
        () => compile(tool, module, work),
        work.note,
      );
      return { version: tool.version, source };
    },
  };
}

async function compile(tool: Tool, moduleDir: string, work: Work): Promise<void> {
  const { module, packages, tags, ldflags, cgo, share = [] } = tool.build;
  await requireLicence(moduleDir, module, tool.licence);
  await goBuild(
    {
      moduleDir,
      output: `${join(work.dir, "bin")}/`,
      packages: Object.values(packages),
      tags,
      cgo,
      ldflags: ldflags.map((flag) => fill(flag, tool.version)),
    },
    work.beat,
  );
  for (const [name, path] of Object.entries(packages)) {
    renameSync(join(work.dir, "bin", defaultBinaryName(path)), join(work.dir, "bin", name));
  }
  if (share.length === 0) return;
  const source = (
    await run("go", ["list", "-m", "-f", "{{.Dir}}", module], { cwd: moduleDir, env: goEnvironment() })
  ).trim();
  for (const folder of share) cpSync(join(source, folder), join(work.dir, "share", folder), { recursive: true });
}

/** Downloads, checks and unpacks a release into `bin/`. */
export async function takeReleases(version: string, files: ReleaseFile[], work: Work): Promise<void> {
  for (const file of files) {
    const url = fill(file.url, version);
    work.beat(`downloading ${url}`);
    const checksums = file.checksums && fill(file.checksums.replace("{url}", url), version);
    const path = await download({ url, checksums, sha256: file.sha256 }, work.downloads);
    for (const [name, member] of Object.entries(file.take)) {
      const target = join(work.dir, "bin", name);
      if (member === ".") copyFileSync(path, target);
      else await extract(path, fill(member, version), target, work.dir);
      chmodSync(target, 0o755);
    }
  }
}

async function extract(archive: string, member: string, target: string, dir: string): Promise<void> {
  await run("tar", ["--extract", "--gzip", "--file", archive, "--directory", dir, "--no-same-owner", member]);
  renameSync(join(dir, member), target);
}
