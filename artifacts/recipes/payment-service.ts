import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goBuild } from "../lib/go";
import { writeImage } from "../lib/image";
import { repositoryPath } from "../lib/repository";
import { run } from "../lib/run";
import type { Recipe } from "../lib/store";

const branch = "main";

/** Fixed, so that the same files make the same commit on every machine. */
const identity = {
  GIT_AUTHOR_NAME: "grunnmur",
  GIT_AUTHOR_EMAIL: "grunnmur@localhost",
  GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z",
  GIT_COMMITTER_NAME: "grunnmur",
  GIT_COMMITTER_EMAIL: "grunnmur@localhost",
  GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_DEFAULT_HASH: "sha1",
};

/**
 * The demo application from `gitops/app-repo`: its repository with one commit, and the image that a CI would build from
 * that commit, tagged with its SHA. Where a container engine builds the Dockerfile, this does the same without one.
 */
export function paymentServiceRecipe(folder = repositoryPath("gitops", "app-repo")): Recipe {
  return {
    name: "payment-service",
    needs: ["crane"],
    from: identity,
    files: [
      folder,
      repositoryPath("artifacts", "recipes", "payment-service.ts"),
      repositoryPath("artifacts", "lib", "image.ts"),
    ],
    make: async (work) => {
      const scratch = mkdtempSync(join(tmpdir(), "grunnmur-app-"));
      try {
        const clone = join(scratch, "payment-service");
        const sha = await commit(folder, clone);
        await run("git", ["bundle", "create", join(work.dir, "repo.bundle"), branch], {
          cwd: clone,
          env: gitEnvironment(),
        });

        const binary = join(scratch, "bin", "payment-service");
        mkdirSync(join(scratch, "bin"));
        await goBuild(
          { moduleDir: clone, output: binary, packages: ["."], ldflags: [`-X main.version=${sha}`] },
          work.beat,
        );

        const image = join(work.dir, "image.tar");
        const entries = [{ path: "payment-service", from: binary }];
        const start = { entrypoint: ["/payment-service"], user: "65532:65532" }; // as the Dockerfile says
        await writeImage({ ref: `payment-service:${sha}`, entries, version: sha, ...start }, image);
        const digest = (await run(join(work.of("crane"), "bin", "crane"), ["digest", "--tarball", image])).trim();
        writeFileSync(join(work.dir, "image.json"), `${JSON.stringify({ sha, digest })}\n`);
        return { sha, digest };
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
  };
}

/** Makes a repository whose only commit holds the folder's files. @returns the commit's SHA */
export async function commit(folder: string, clone: string): Promise<string> {
  cpSync(folder, clone, { recursive: true });
  const plain = ["-c", "core.excludesFile=/dev/null", "-c", "core.autocrlf=false"];
  const git = (...args: string[]) => run("git", [...plain, ...args], { cwd: clone, env: gitEnvironment() });
  await git("init", "--quiet", "--template=", "--initial-branch", branch);
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "Serve payments");
  return (await git("rev-parse", "HEAD")).trim();
}

function gitEnvironment(): NodeJS.ProcessEnv {
  // Set when a hook of the surrounding repository runs us, and then Git would commit there.
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...env } = process.env;
  return { ...env, ...identity };
}
