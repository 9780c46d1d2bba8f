import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshKey } from "../keys/ssh";
import { payload } from "../payload";
import { onThisMachine, script } from "../script";

/** A Git host outside the environment, at which the deploy key is registered. */
export interface GitHost {
  kind: "gitlab" | "gitea" | "github";
  /** Such as `https://gitlab.example.no`; of GitHub the API's, such as `https://api.github.com`. */
  url: string;
  /** The repository as the host's API names it: the ID of GitLab's project, else `owner/name`. */
  project: number | string;
  /** A secret; absent in a preview. */
  token: pulumi.Input<string>;
}

/** Registers `key` read-only under the stack's name, and removes it when the resource is deleted. */
export function registerDeployKey(
  name: string,
  { kind, url, project, token }: GitHost,
  stack: string,
  key: pulumi.Output<SshKey>,
  opts: pulumi.CustomResourceOptions,
): local.Command {
  const stdin = pulumi.all([key, token]).apply(([{ publicKey }, secret]) => deployKeyInput(kind, publicKey, secret));
  return new local.Command(
    name,
    {
      create: deployKeyScript(kind, "register"),
      delete: deployKeyScript(kind, "remove"),
      ...onThisMachine,
      stdin: pulumi.secret(stdin),
      environment: { URL: url, PROJECT: String(project), TITLE: `grunnmur ${stack}` },
      triggers: [url, project],
    },
    // GitHub takes a key in one place only; and where the old place is the new one under another name, a removal that
    // came last would take the key from both.
    { ...opts, deleteBeforeReplace: true },
  );
}

/** What the scripts read. @throws for a token that no header can hold; the error does not show it */
export function deployKeyInput(kind: GitHost["kind"], publicKey: string, token: string): Promise<string> {
  return payload([
    { path: "curl", content: headers(kind, token).map(curlHeader).join(""), mode: 0o600 },
    { path: "token", content: token, mode: 0o600 },
    { path: "key.pub", content: publicKey },
  ]);
}

/** Registers the deploy key at a Git host, or removes it. */
export function deployKeyScript(kind: GitHost["kind"], which: "register" | "remove"): string {
  const parts = [kind, "deploy-keys", `${which}-deploy-key`];
  return parts.map((part) => script(`agent/scripts/${part}.sh`)).join("");
}

function headers(kind: GitHost["kind"], token: string): string[] {
  switch (kind) {
    case "gitlab":
      return [`PRIVATE-TOKEN: ${token}`];
    case "gitea":
      return [`Authorization: token ${token}`];
    case "github":
      return [
        `Authorization: Bearer ${token}`,
        "Accept: application/vnd.github+json",
        "X-GitHub-Api-Version: 2022-11-28",
      ];
  }
}

/** A line of curl's configuration. */
function curlHeader(header: string): string {
  if (/[^\x20-\x7e]/.test(header)) {
    throw new Error(
      "gitHostToken holds a line break or another character that no token has; set it again with: pulumi config set --secret grunnmur:gitHostToken",
    );
  }
  return `header = "${header.replace(/[\\"]/g, "\\$&")}"\n`;
}
