import { chmodSync, copyFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { download } from "../lib/download";
import { defaultBinaryName, goBuild, goEnvironment } from "../lib/go";
import { requireLicence } from "../lib/licence";
import { sourceIn } from "../lib/modules";
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
  const { module, packages, tags, ldflags, cgo, share = [], lacks = [] } = tool.build;
  await requireLicence(moduleDir, module, tool.licence);
  const completed = lacks.length > 0 ? await complete(module, moduleDir, lacks, work) : undefined;
  await goBuild(
    {
      moduleDir: completed ?? moduleDir,
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
  if (completed) rmSync(completed, { recursive: true });
  if (share.length === 0) return;
  const source = await sourceIn(moduleDir, module);
  for (const folder of share) cpSync(join(source, folder), join(work.dir, "share", folder), { recursive: true });
}

/** A folder to compile in, in whose copy of the module the files are, each empty: Go's own overlay leaves its cache alone. */
async function complete(module: string, moduleDir: string, lacks: string[], work: Work): Promise<string> {
  const scratch = join(work.dir, ".module");
  const copy = join(scratch, "source");
  mkdirSync(copy, { recursive: true });
  await run("cp", ["-r", "--no-preserve=mode", `${await sourceIn(moduleDir, module)}/.`, copy]);
  for (const file of lacks) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), "");
  }
  for (const file of ["go.mod", "go.sum"]) copyFileSync(join(moduleDir, file), join(scratch, file));
  await run("go", ["mod", "edit", "-replace", `${module}=./source`], { cwd: scratch, env: goEnvironment() });
  return scratch;
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
