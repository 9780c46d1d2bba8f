import { join } from "node:path";
import { type Command, Option } from "commander";
import { LANGUAGES, type Language, pipelineOf, renderAppRepo } from "../../gitops/app-repo";
import { PIPELINE_KINDS, type PipelineKind, renderInfraPipeline, runsPipelines } from "../../gitops/infra-repo";
import { withResource } from "../../gitops/listed";
import { renderCluster, renderService, SHARED_NAMESPACE } from "../../gitops/overlay";
import { folderOf } from "../../gitops/render";
import { addToTop } from "../../gitops/top-files";
import type { Stack } from "../../stacks/stack";
import { requireDirectory, textInside } from "../here/files";
import { write } from "../here/scaffold";
import { readOutputs } from "../pulumi/outputs";
import { readStack, requireStackFile } from "../pulumi/stack-file";
import { stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `init`: what teams start from, filled in for an environment, never over what is there. */
export function initVerb(): Command {
  return verb("init", "write what a repository of configuration, of an application or of infrastructure starts from", [
    "init config-repo ../config --stack prod",
    "init app-repo ../shop --name shop --language node",
    "init service ../config --name shop --tag 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "init infra-repo ../infra --stack prod",
  ])
    .addCommand(configRepo())
    .addCommand(service())
    .addCommand(appRepo())
    .addCommand(infraRepo());
}

const scaffold = (name: string, description: string, examples: string[]): Command =>
  verb(name, description, examples)
    .argument("<directory>", "new, or a clone: no file that is there is written over")
    .addOption(stackOption())
    .option("--json", "print JSON");

const gitHostOption = (otherwise?: string): Option =>
  new Option(
    "--git-host <kind>",
    `whose pipeline (default: sync.gitHost of the stack${otherwise ? `, ${otherwise}` : ""})`,
  ).choices(PIPELINE_KINDS);

const OTHERWISE = "gitlab where that runs no pipelines";

/** Whose pipeline a repository gets. */
const pipelineKind = ({ sync }: Stack, given?: PipelineKind): PipelineKind =>
  given ?? (runsPipelines(sync.gitHost.kind) ? sync.gitHost.kind : "gitlab");

interface Options {
  stack: string;
  json?: boolean;
}

function configRepo(): Command {
  return scaffold(
    "config-repo",
    "a configuration repository, or one more cluster in it, which shares base/ with others",
    ["init config-repo ../config", "init config-repo ../config --stack prod"],
  )
    .addOption(
      new Option(
        "--recipient <key>",
        "whom Secrets are encrypted for, age1…; default: the environment's, where it is up",
      ),
    )
    .addOption(gitHostOption(OTHERWISE))
    .action(initConfigRepo);
}

async function initConfigRepo(
  directory: string,
  { stack, json, recipient, gitHost }: Options & { recipient?: string; gitHost?: PipelineKind },
): Promise<void> {
  const declared = readStack(stack);
  requireDirectory(directory, true);
  if (recipient !== undefined && !/^age1[a-z0-9]+$/.test(recipient))
    throw new UserError(`--recipient received ${JSON.stringify(recipient)}, allowed is a public key of age, age1…`);
  const known = recipient ?? (await readOutputs(stack))?.sopsRecipient;
  const values = { ...placeOf(declared), profile: declared.locality.profile, ...(known ? { recipient: known } : {}) };
  const { own, shared } = renderCluster(values);
  const has = (path: string): boolean => textInside(directory, path) !== undefined;
  const list = listOf(values);
  // People work in what is there: a cluster's folder from its first day on, and base/ from that of the first cluster.
  const isThere = has(list);
  const fresh = has(`${SHARED_NAMESPACE}/kustomization.yaml`) ? own : [...own, ...shared];
  const top = addToTop(values, (path) => textInside(directory, path), pipelineKind(declared, gitHost));
  const toDo = top.flatMap((file) => ("why" in file ? [file] : []));
  write(
    directory,
    {
      fresh: isThere ? [] : fresh,
      edited: top.flatMap((file) => ("content" in file ? [file] : [])),
      toDo: toDo.map(({ path, lines, why }) => ({ file: path, add: lines, why })),
      next: [
        ...(isThere ? [`${join(directory, list)} is there, so the folder of ${stack} stays as it is.`] : []),
        ...(known
          ? []
          : [
              `There is no recipient for ${stack} in .sops.yaml: it is not up here. Run this again when it is, or give --recipient.`,
            ]),
        `Then: ./grunnmur init service ${directory} --stack ${stack} --name NAME --tag TAG`,
      ],
    },
    json,
  );
}

function service(): Command {
  return scaffold("service", "manifests of a service in a configuration repository, listed in its namespace", [
    "init service ../config --name shop --tag 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "init service ../config --stack prod --name shop --image team-a/shop --tag 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b --host shop.example.no",
  ])
    .requiredOption("--name <name>", "the service's name, and its folder's")
    .requiredOption("--tag <tag>", "the tag of its image")
    .option("--image <path>", "its image in the registry (default: the name, below registry.ciPrefix)")
    .option("--host <name>", "answer from outside at this name, which the stack file gives the namespace")
    .action(initService);
}

interface ServiceOptions extends Options {
  name: string;
  tag: string;
  image?: string;
  host?: string;
}

function initService(directory: string, { stack, json, name, tag, image, host }: ServiceOptions): void {
  const declared = readStack(stack);
  requireDirectory(directory);
  requireName(name);
  if (host !== undefined) requireHost(host, declared);
  const values = {
    ...placeOf(declared),
    service: name,
    tag,
    image: image ?? imageOf(name, declared),
    ...(host ? { host } : {}),
  };
  const list = listOf(values);
  const text = textInside(directory, list);
  if (text === undefined) {
    throw new UserError(
      `${directory} has no ${list}, in which the service would be listed: ./grunnmur init config-repo ${directory} --stack ${stack} writes it`,
    );
  }
  const { own, shared } = told(() => renderService(values, text.includes(SHARED_NAMESPACE)));
  // As in base/ altogether, people work in what is there.
  const sharing = textInside(directory, `base/production/${name}/kustomization.yaml`) !== undefined;
  write(
    directory,
    {
      fresh: sharing ? own : [...own, ...shared],
      edited: [
        {
          path: list,
          content: told(() => withResource(text, name), `${list}: add "- ${name}" to its resources by hand: `),
        },
      ],
      next: [`Then: ./grunnmur check --stack ${stack} ${join(directory, folderOf(values))}, commit and push.`],
    },
    json,
  );
}

function appRepo(): Command {
  return scaffold("app-repo", "an application's repository, with a pipeline that proposes what it built", [
    "init app-repo ../shop --name shop",
    "init app-repo ../web --name web --language static --stack prod",
  ])
    .option("--name <name>", "the application's name", "payment-service")
    .addOption(new Option("--language <language>", "what it is written in").choices(LANGUAGES).default("go"))
    .addOption(gitHostOption(OTHERWISE))
    .action(initAppRepo);
}

function initAppRepo(
  directory: string,
  { stack, json, name, language, ...given }: Options & { name: string; language: Language; gitHost?: PipelineKind },
): void {
  const declared = readStack(stack);
  const { registry } = declared;
  const gitHost = pipelineKind(declared, given.gitHost);
  requireDirectory(directory, true);
  requireName(name);
  write(
    directory,
    {
      fresh: renderAppRepo({ name, language, registry: registry.host, prefix: registry.ciPrefix, gitHost }),
      next: [
        `Set in the Git host what the head of ${pipelineOf(gitHost)} lists, and push: its pipeline builds the image.`,
        `Then: ./grunnmur init service CONFIG_REPOSITORY --stack ${stack} --name ${name} --tag COMMIT`,
      ],
    },
    json,
  );
}

function infraRepo(): Command {
  return scaffold(
    "infra-repo",
    "the pipeline and the stack file of an infrastructure repository, which is a clone of grunnmur",
    ["init infra-repo ../infra --stack prod", "init infra-repo . --stack prod --git-host github"],
  )
    .addOption(gitHostOption())
    .action(initInfraRepo);
}

function initInfraRepo(directory: string, { stack, json, gitHost }: Options & { gitHost?: string }): void {
  const kind = gitHost ?? readStack(stack).sync.gitHost.kind;
  requireDirectory(directory, true);
  if (!runsPipelines(kind)) {
    throw new UserError(
      `the Git host of ${stack} is of kind ${kind}, which runs no pipelines: give --git-host, one of ${PIPELINE_KINDS.join(", ")}`,
    );
  }
  const isClone = textInside(directory, "Pulumi.yaml") !== undefined;
  write(
    directory,
    {
      fresh: [renderInfraPipeline(kind, stack), { path: `Pulumi.${stack}.yaml`, content: requireStackFile(stack) }],
      next: [
        ...(isClone
          ? []
          : [`${directory} is no clone of grunnmur yet, and its pipeline runs ./grunnmur: make it one.`]),
        "Then set in the Git host what gitops/infra-repo/README.md lists.",
      ],
    },
    json,
  );
}

/** Where a stack's configuration lies, and what differs in it from another's. */
function placeOf({ name, sync, registry, nodes }: Stack) {
  const region = nodes.find(({ role }) => role === "control-plane")?.site.country;
  if (region === undefined) throw new Error(`${name} has no control plane`);
  return { cluster: name, path: sync.path, registry: registry.host, region };
}

/** The file that lists what runs in the namespace. */
const listOf = (place: { cluster: string; path: string }): string => `${folderOf(place)}/production/kustomization.yaml`;

const imageOf = (name: string, { registry }: Stack): string =>
  registry.ciPrefix === "" ? name : `${registry.ciPrefix}/${name}`;

/** Words that some readers of YAML take for something else than a text. */
const NO_NAMES = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "namespace"];

function requireName(name: string): void {
  if (/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name) && !NO_NAMES.includes(name)) return;
  throw new UserError(
    `--name received ${JSON.stringify(name)}, allowed is a DNS label such as shop: small letters, digits and dashes, at most 63, with a ` +
      `letter first, and none of ${NO_NAMES.join(", ")}`,
  );
}

function requireHost(host: string, { name, ingress }: Stack): void {
  const given = ingress.hosts.filter(({ namespaces }) => namespaces.includes("production")).map((each) => each.name);
  const under = host.slice(host.indexOf(".") + 1);
  if (given.some((each) => each === host || each === `*.${under}`)) return;
  throw new UserError(
    `--host received ${JSON.stringify(host)}, allowed is what Pulumi.${name}.yaml gives the namespace production under ingress.hosts: ` +
      `${given.join(", ") || "nothing"}. Add it there, and run ./grunnmur up`,
  );
}

/** The renderers' errors, which name the value, as the user's to mend. */
function told<T>(work: () => T, before = "--"): T {
  try {
    return work();
  } catch (error) {
    throw new UserError(`${before}${(error as Error).message}`);
  }
}
