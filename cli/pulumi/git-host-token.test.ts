import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { requireGitHostToken } from "./git-host-token";
import { readStack, stackFilePath } from "./stack-file";

const text = (stack: string): string => readFileSync(stackFilePath(stack), "utf8");

test("a GitLab host without a token is refused with the command that sets one", () => {
  assert.throws(() => requireGitHostToken(readStack("prod"), text("prod")), /pulumi config set --secret gitHostToken/);
});

test("Gitea and GitHub need a token as GitLab does", () => {
  const { name, sync } = readStack("prod");
  for (const kind of ["gitea", "github"] as const) {
    const url = "https://git.example.no/api/v3";
    assert.throws(
      () => requireGitHostToken({ name, sync: { ...sync, gitHost: { kind, url } } }, text("prod")),
      /registered at https:\/\/git\.example\.no\/api\/v3 with a token/,
    );
  }
});

test("a token in the file, or an environment of Pulumi's that may have it, is enough; local needs none", () => {
  const prod = readStack("prod");
  for (const key of ["grunnmur:gitHostToken", "gitHostToken"]) {
    requireGitHostToken(prod, `${text("prod")}  ${key}:\n    secure: v1:x\n`);
  }
  requireGitHostToken(prod, `environment: [shared]\n${text("prod")}`);
  requireGitHostToken(readStack("local"), text("local"));
});
