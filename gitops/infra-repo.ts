import { type RepoFile, swap, templates } from "./templates";

/** Where a Git host looks for a pipeline; a kind that runs none is absent. */
const PIPELINES = {
  gitlab: ".gitlab-ci.yml",
  github: ".github/workflows/infrastructure.yml",
  // Forgejo reads this folder too where it has none of its own name.
  gitea: ".gitea/workflows/infrastructure.yml",
} as const;

export type PipelineKind = keyof typeof PIPELINES;

/** Kinds of `gitHost` that have a pipeline. */
export const PIPELINE_KINDS = Object.keys(PIPELINES) as PipelineKind[];
export const runsPipelines = (kind: string): kind is PipelineKind => kind in PIPELINES;

/** The pipeline of an infrastructure repository, for one stack. @throws Error for a kind of Git host that has none */
export function renderInfraPipeline(kind: string, stack: string): RepoFile {
  const file = templates("infra-repo").find(({ path }) => runsPipelines(kind) && path === PIPELINES[kind]);
  if (!file) throw new Error(`received ${JSON.stringify(kind)}, allowed is ${PIPELINE_KINDS.join(", ")}`);
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(stack)) throw new Error(`received ${JSON.stringify(stack)} for a stack`);
  if (kind === "gitlab") {
    const named = swap(file, "what has to be set: STACK, BUILD_IMAGE", "what has to be set: BUILD_IMAGE");
    return swap(named, "\nvariables:\n", `\nvariables:\n  STACK: "${stack}"\n`);
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the Git host's own
  return swap(file, "${{ vars.STACK }}", `"${stack}"`);
}
