import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { program } from "../cli/program";
import { repositoryPath } from "../lib/places";

const PIPELINES = {
  gitlab: ".gitlab-ci.yml",
  github: ".github/workflows/infrastructure.yml",
  gitea: ".gitea/workflows/infrastructure.yml",
};
const textOf = (file: string): string => readFileSync(repositoryPath("gitops", "infra-repo", file), "utf8");

interface Job {
  script?: string[];
  steps?: { run?: string; uses?: string; with?: Record<string, unknown> }[];
}

/** What each job runs, by its name. */
function scripts(file: string): Record<string, string[]> {
  const parsed = parse(textOf(file)) as Record<string, Job> & { jobs?: Record<string, Job> };
  const jobs = Object.entries(parsed.jobs ?? parsed);
  return Object.fromEntries(
    jobs.flatMap(([name, job]) => {
      const lines = job?.script ?? job?.steps?.flatMap(({ run }) => run ?? []) ?? [];
      return lines.length > 0 ? [[name, lines]] : [];
    }),
  );
}

/** How a shell splits a job's lines, with these values in its environment. */
function typed(lines: string[], environment: Record<string, string>): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "infra-repo-"));
  try {
    const said = join(folder, "said");
    writeFileSync(
      join(folder, "grunnmur"),
      `#!/bin/sh\nfor word; do printf '%s\\0' "$word"; done >>"${said}"\nprintf '\\n' >>"${said}"\n`,
    );
    chmodSync(join(folder, "grunnmur"), 0o755);
    execFileSync("sh", ["-euc", lines.join("\n")], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", ...environment },
    });
    return readFileSync(said, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\0").slice(0, -1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [host, file] of Object.entries(PIPELINES)) {
  test(`${host}: a review and an up, with options that there are, whatever stands in a variable`, () => {
    const jobs = scripts(file);
    assert.deepEqual(Object.keys(jobs).sort(), ["review", "up"]);
    const environment = { STACK: "prod; touch evil", NUMBER: "7", CI_DEFAULT_BRANCH: "main $(touch evil)" };
    for (const [name, lines] of Object.entries(jobs)) {
      const [words = [], ...others] = typed(lines, environment);
      assert.deepEqual(others, []);
      assert.equal(words[0], name);
      assert.ok(words.includes(environment.STACK));
      const options = program().commands.find((command) => command.name() === name)?.options ?? [];
      for (const word of words.filter((one) => one.startsWith("--")))
        assert.ok(
          options.some(({ long }) => long === word),
          `${name} has no ${word}`,
        );
    }
  });

  test(`${host}: nothing of a proposal is checked out or put into a script, and up asks somebody on the protected branch alone`, () => {
    const text = textOf(file);
    for (const lines of Object.values(scripts(file))) assert.doesNotMatch(lines.join("\n"), /\$\{\{/);
    assert.doesNotMatch(text, /head\.(sha|ref)|github\.head_ref|pull_request\.(title|body)|^ {2}pull_request:/m);
    if (host === "gitlab") {
      const { review, up } = parse(text) as Record<
        string,
        { rules: Record<string, unknown>[]; resource_group: string }
      >;
      assert.deepEqual(review?.rules, [{ if: '$CI_PIPELINE_SOURCE == "schedule"' }]);
      assert.deepEqual(
        up?.rules.map(({ when }) => when),
        ["manual"],
      );
      assert.match(String(up?.rules[0]?.if), /\$CI_COMMIT_BRANCH == \$CI_DEFAULT_BRANCH/);
      assert.ok(up?.resource_group);
    } else {
      const { jobs } = parse(text) as {
        jobs: Record<string, { if: string; environment?: string; concurrency: object }>;
      };
      assert.match(jobs.review?.if ?? "", /pull_request_target/);
      assert.ok(host === "github" ? jobs.up?.environment : /workflow_dispatch/.test(jobs.up?.if ?? ""));
      assert.ok(jobs.up?.concurrency);
    }
  });
}

test("github: other people's actions are pinned to a commit, and a job has no right that is not named", () => {
  const text = textOf(PIPELINES.github);
  for (const [, action = ""] of text.matchAll(/uses: (\S+)/g)) assert.match(action, /@[0-9a-f]{40}$/);
  const { permissions, jobs } = parse(text) as { permissions: object; jobs: Record<string, { permissions: object }> };
  assert.deepEqual(permissions, {});
  assert.deepEqual(jobs.review?.permissions, { contents: "read", "pull-requests": "write" });
  assert.deepEqual(jobs.up?.permissions, { contents: "read" });
});
