import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { goBuild } from "../artifacts/lib/go";
import { repositoryPath, storeRoot } from "../lib/places";

/** Public checkers to compare with, compiled from published modules on demand. No node ever runs them. */
const TOOLS = {
  "kube-score": "github.com/zegl/kube-score/cmd/kube-score",
  gator: "github.com/open-policy-agent/gatekeeper/v3/cmd/gator",
  kyverno: "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno",
} as const;
export type Tool = keyof typeof TOOLS;

/** Path of the program, or why there is none. */
export async function tool(name: Tool, say: (text: string) => void): Promise<{ path: string } | { why: string }> {
  const directory = join(storeRoot(), "bench");
  const path = join(directory, name);
  if (existsSync(path)) return { path };
  mkdirSync(directory, { recursive: true });
  const partial = `${path}.partial-${process.pid}`;
  say(`${name}: compiling; this takes minutes, once`);
  try {
    const moduleDir = repositoryPath("bench", "modules", name);
    await goBuild({ moduleDir, output: partial, packages: [TOOLS[name]] }, () => {});
    renameSync(partial, path);
    return { path };
  } catch (error) {
    return { why: (error as Error).message };
  }
}
