import type { PipelineKind } from "./infra-repo";
import { EXAMPLE } from "./render";
import { type RepoFile, swap, templates } from "./templates";

export const LANGUAGES = ["go", "node", "static"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Where each kind of Git host looks for a pipeline; the example's own is GitLab's. */
const PIPELINES: Readonly<Record<PipelineKind, string>> = {
  gitlab: ".gitlab-ci.yml",
  github: ".github/workflows/application.yml",
  gitea: ".gitea/workflows/application.yml",
};

/** Where the pipeline lies in an application's repository. */
export const pipelineOf = (gitHost: PipelineKind): string => PIPELINES[gitHost];

export interface AppRepoValues {
  /** A DNS label. */
  name: string;
  language: Language;
  /** Name of the registry that its image is pushed to. */
  registry: string;
  /** Path in the registry below which CI may push; empty: anywhere. */
  prefix: string;
  /** Kind of the Git host that runs its pipeline; GitLab when absent. */
  gitHost?: PipelineKind;
}

/** The same in every language: how it is built, pushed and proposed. */
const COMMON = [PIPELINES.gitlab, "ci/askpass.sh", "ci/image.sh", "ci/open.sh", "ci/propose-tag.sh"];

/** An application's repository. The example that an environment runs is the one in Go. */
export function renderAppRepo({ name, language, registry, prefix, gitHost = "gitlab" }: AppRepoValues): RepoFile[] {
  const example = templates("app-repo");
  const files =
    language === "go"
      ? example
      : [...example.filter(({ path }) => COMMON.includes(path)), ...templates("languages", language)];
  const pipeline = PIPELINES[gitHost];
  return onHost(files, gitHost)
    .map((file) => (file.path === pipeline ? pushingTo(file, registry, prefix) : file))
    .map((file) => ({
      ...file,
      content: file.content
        .replaceAll(EXAMPLE, name)
        .replaceAll("Payment-service", capital(name))
        .replaceAll(PIPELINES.gitlab, pipeline),
    }));
}

/** With the pipeline of the Git host, and with how it is asked for a merge, in place of GitLab's. */
function onHost(files: RepoFile[], gitHost: PipelineKind): RepoFile[] {
  if (gitHost === "gitlab") return files;
  const own = templates("app-pipelines", gitHost);
  const replaced = new Set([PIPELINES.gitlab, ...own.map(({ path }) => path)]);
  return [...files.filter(({ path }) => !replaced.has(path)), ...own];
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: the Git host's own
const ASKED = "${{ vars.REGISTRY_HOST }}";

/** The registry's name where a person would have to set it, and the path below which CI may push. */
function pushingTo(file: RepoFile, registry: string, prefix: string): RepoFile {
  const path = prefix === "" ? "" : `${prefix}/`;
  const swaps: [from: string, to: string][] =
    file.path === PIPELINES.gitlab
      ? [
          [
            `  IMAGE: $REGISTRY_HOST/${EXAMPLE}`,
            `  REGISTRY_HOST: ${registry}\n  IMAGE: $REGISTRY_HOST/${path}${EXAMPLE}`,
          ],
        ]
      : [
          [`${ASKED}/${EXAMPLE}`, `${registry}/${path}${EXAMPLE}`],
          [ASKED, registry],
        ];
  const told = swap(file, "#   REGISTRY_HOST            the environment's private registry\n", "");
  return swaps.reduce((text, [from, to]) => swap(text, from, to), told);
}

const capital = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
