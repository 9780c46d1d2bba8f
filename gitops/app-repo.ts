import { EXAMPLE } from "./render";
import { type RepoFile, swap, templates } from "./templates";

export const LANGUAGES = ["go", "node", "static"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface AppRepoValues {
  /** A DNS label. */
  name: string;
  language: Language;
  /** Name of the registry that its image is pushed to. */
  registry: string;
  /** Path in the registry below which CI may push; empty: anywhere. */
  prefix: string;
}

/** The same in every language: how it is built, pushed and proposed. */
const COMMON = [".gitlab-ci.yml", "ci/askpass.sh", "ci/propose-tag.sh"];

/** An application's repository. The example that an environment runs is the one in Go. */
export function renderAppRepo({ name, language, registry, prefix }: AppRepoValues): RepoFile[] {
  const example = templates("app-repo");
  const files =
    language === "go"
      ? example
      : [...example.filter(({ path }) => COMMON.includes(path)), ...templates("languages", language)];
  return files
    .map((file) => (file.path === ".gitlab-ci.yml" ? pipelineFor(file, registry, prefix) : file))
    .map((file) => ({
      ...file,
      content: file.content.replaceAll(EXAMPLE, name).replaceAll("Payment-service", capital(name)),
    }));
}

function pipelineFor(file: RepoFile, registry: string, prefix: string): RepoFile {
  const told = swap(file, "#   REGISTRY_HOST            the environment's private registry\n", "");
  const path = prefix === "" ? "" : `${prefix}/`;
  return swap(
    told,
    `  IMAGE: $REGISTRY_HOST/${EXAMPLE}`,
    `  REGISTRY_HOST: ${registry}\n  IMAGE: $REGISTRY_HOST/${path}${EXAMPLE}`,
  );
}

const capital = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
