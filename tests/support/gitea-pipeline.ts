import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { pipelineOf, renderAppRepo } from "../../gitops/app-repo";
import type { Gitea } from "./gitea";
import { must, type Typed } from "./user";

/**
 * What an application's pipeline does at a real Gitea: it fetches by the job's token, and a commit of it becomes one pull
 * request, however often the job runs.
 * @param run runs a program where Gitea is reached
 */
export async function opensOnePullRequest(
  gitea: Gitea,
  run: (command: string, args: string[]) => Promise<Typed>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-gitea-pipeline-"));
  try {
    const values = {
      name: "shop",
      language: "go",
      registry: "registry.example.no",
      prefix: "",
      gitHost: "gitea",
    } as const;
    const application = join(directory, "application");
    for (const { path, content, executable } of renderAppRepo(values)) {
      mkdirSync(dirname(join(application, path)), { recursive: true });
      writeFileSync(join(application, path), content);
      if (executable) chmodSync(join(application, path), 0o755);
    }
    const workflow = parse(readFileSync(join(application, pipelineOf("gitea")), "utf8"));
    const env = join(directory, "env");
    const [server, path] = [new URL(gitea.url), new URL(gitea.repository).pathname];
    const token = await gitea.token("job", "write:repository");
    const variables = {
      FETCH: workflow.env.FETCH,
      JOB_TOKEN: token,
      CONFIG_REPOSITORY_TOKEN: token,
      GIT_ASKPASS: join(application, "ci/askpass.sh"),
      GITHUB_SERVER_URL: server.href,
      GITHUB_REPOSITORY: path.slice(1).replace(/\.git$/, ""),
      GITHUB_SHA: await gitea.head(),
      GIT_SSL_CAINFO: gitea.caFile,
      GIT_TERMINAL_PROMPT: "0",
    };
    const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
    writeFileSync(env, `${lines.join("\n")}\n`, { mode: 0o600 });
    const shell = (script: string) => must(run("sh", ["-euc", `. ${env}\n${script}`]));
    const fetch: string = workflow.jobs.propose.steps[0].run;
    await shell(
      `mkdir ${directory}/job && cd ${directory}/job && ${fetch} && test "$(git rev-parse HEAD)" = "$GITHUB_SHA"`,
    );
    const commit = "git -c user.name=a -c user.email=a@localhost commit -q --allow-empty -m Propose";
    for (const run of [1, 2]) {
      const checkout = `${directory}/checkout-${run}`;
      await shell(`git clone -q --depth 1 ${server.href}${path.slice(1)} ${checkout} && cd ${checkout}
        echo ${run} >proposed && git add proposed && ${commit} && ${application}/ci/open.sh shop-1 "Set shop to 1"`);
    }
    assert.deepEqual(await gitea.openPullRequests(), ["Set shop to 1"]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
