import { type Command, Option } from "commander";
import { type Found, imagesIn, missing, placesOf, sameTwice } from "../../gitops/apps";
import { applyEdits, type Edit } from "../../gitops/images";
import { patienceHere } from "../../lib/machine";
import { manifestsBelow, requireDirectory, textInside, writeAll } from "../here/files";
import { readOutputs } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { accessByEnvironment, type RegistryAccess, readerAccess, tagsInstead } from "../status/registry-image";
import { namesOf, verb } from "../terminal/command";
import { print, say } from "../terminal/say";
import { UserError } from "../terminal/user-error";

/** `bump`: the one change of a configuration repository that releases something. */
export function bumpVerb(): Command {
  return verb("bump", "set the tag or digest of an image in a configuration repository", [
    "bump shop=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b --dir ../config",
    "bump shop=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b --stack prod --cluster prod --dir ../config",
    "bump shop=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b --registry registry.example.no --dir ../config --dry-run",
  ])
    .argument("<change...>", "APP=TAG or APP=sha256:…; APP is the image's path in the registry, or the end of it")
    .addOption(new Option("--dir <directory>", "a clone of the configuration repository").default("."))
    .addOption(
      new Option(
        "-s, --stack <name>",
        "the environment whose images it is about; may be repeated (default: local)",
      ).argParser(namesOf),
    )
    .addOption(
      new Option("--registry <host>", "the registry whose images it is about, for a pipeline; may be repeated")
        .argParser(namesOf)
        .conflicts("stack"),
    )
    .addOption(
      new Option("--cluster <name>", "only below clusters/<name>; may be repeated (default: everywhere)").argParser(
        namesOf,
      ),
    )
    .option("--unchecked", "do not ask the registry whether it has the image")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nThe registry is asked as the environment's reader or, where they are set, as REGISTRY_USER with REGISTRY_PASSWORD," +
        "\ntrusting the certificates in the file REGISTRY_CA_FILE.",
    )
    .action(bump);
}

interface Options {
  dir: string;
  stack?: string[];
  registry?: string[];
  cluster?: string[];
  unchecked?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** What is asked for. */
interface Wanted {
  app: string;
  /** `:TAG` or `@sha256:…`. */
  image: string;
}

interface Change {
  file: string;
  line: number;
  registry: string;
  image: string;
  from: string;
  to: string;
}

async function bump(changes: string[], options: Options): Promise<void> {
  const wanted = wantedOf(changes);
  requireDirectory(options.dir);
  const stacks = options.stack ?? ["local"];
  const registries = options.registry?.map(hostOf) ?? stacks.map((stack) => readStack(stack).registry.host);
  const folders = [...new Set(options.cluster)].map((cluster) => folderOf(options.dir, cluster));
  const below = (folders.length > 0 ? folders : [""]).map((folder) => manifestsBelow(options.dir, folder));
  const { found, unread } = imagesIn(
    below.flatMap(({ files }) => files),
    registries,
  );
  const problems = [
    ...wanted.flatMap(({ app }) => missing(app, found, registries, folders)),
    ...sameTwice(
      wanted.map(({ app }) => app),
      found,
    ),
  ];
  if (problems.length > 0) {
    const notRead = [...below.flatMap(({ passedOver }) => passedOver), ...unread].map((one) => `not read: ${one}`);
    throw new UserError([...problems, ...notRead].join("\n"));
  }

  const todo = wanted.flatMap(({ app, image }) => placesOf(app, found).map((place) => changeOf(place, image)));
  const failures = todo.flatMap((one) => ("why" in one ? [one.why] : []));
  if (failures.length > 0) throw new UserError(failures.join("\n"));
  const made = todo.flatMap((one) => ("edits" in one && one.edits.length > 0 ? [one] : []));

  if (!options.unchecked) await requireImages(made, options, stacks);
  if (!options.dryRun) {
    const files = [...new Set(made.map(({ place }) => place.file))];
    writeAll(
      options.dir,
      files.map((file) => ({
        path: file.path,
        content: applyEdits(
          file.text,
          made.filter(({ place }) => place.file === file).flatMap(({ edits }) => edits),
        ),
      })),
    );
  }
  tell(
    made.map(({ place, image }) => ({
      file: place.file.path,
      line: place.line,
      registry: place.registry,
      image: place.repository,
      from: place.now.slice(1),
      to: image.slice(1),
    })),
    wanted,
    options,
  );
}

const PATH = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws UserError with every mistake there is */
export function wantedOf(changes: readonly string[]): Wanted[] {
  const apps = changes.map((change) => change.split("=")[0] ?? "");
  const problems: string[] = [];
  const wanted = changes.map((change, index) => {
    const app = apps[index] ?? "";
    const version = change.slice(app.length + 1);
    if (!PATH.test(app) || (!TAG.test(version) && !DIGEST.test(version))) {
      problems.push(
        `received ${JSON.stringify(change)}, allowed is APP=TAG or APP=sha256: with 64 hexadecimal digits: APP an image's path such as ` +
          "shop or team-a/shop, TAG letters, digits and _ . -, 128 at most",
      );
    } else if (apps.indexOf(app) !== index) problems.push(`${app} was given twice: leave one of them`);
    return { app, image: DIGEST.test(version) ? `@${version}` : `:${version}` };
  });
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return wanted;
}

function hostOf(host: string): string {
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(host)) return host;
  throw new UserError(
    `--registry received ${JSON.stringify(host)}, allowed is a host such as registry.example.no, without scheme or path`,
  );
}

function folderOf(directory: string, cluster: string): string {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(cluster))
    throw new UserError(`--cluster received ${JSON.stringify(cluster)}, allowed is a cluster's name such as prod`);
  const folder = `clusters/${cluster}`;
  try {
    if (textInside(directory, `${folder}/kustomization.yaml`) !== undefined) return folder;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  throw new UserError(`--cluster received "${cluster}", and ${directory} has no ${folder} with a kustomization.yaml`);
}

type Outcome = { place: Found; image: string; edits: Edit[] } | { why: string };

function changeOf(place: Found, image: string): Outcome {
  try {
    return { place, image, edits: place.set(image) };
  } catch (error) {
    return { why: `${place.file.path}:${place.line}: ${(error as Error).message}` };
  }
}

const ASK_SECONDS = 10;

/** @throws UserError where a registry does not have what would be released, or does not say */
async function requireImages(
  made: readonly { place: Found; image: string }[],
  options: Options,
  stacks: string[],
): Promise<void> {
  const asked = [...new Map(made.map((one) => [`${one.place.registry}/${one.place.repository}${one.image}`, one]))];
  const accesses = new Map<string, Promise<RegistryAccess>>();
  const problems: string[] = [];
  for (const [name, { place, image }] of asked) {
    const { registry, repository } = place;
    const stack = options.registry ? undefined : stacks.find((one) => readStack(one).registry.host === registry);
    const access = accesses.get(registry) ?? accessTo(registry, stack);
    accesses.set(registry, access);
    const instead = await tagsInstead(registry, await access, repository, image.slice(1), ASK_SECONDS * patienceHere());
    if (instead === undefined) continue;
    const known =
      instead.length > 0 ? `it has, among others, ${instead.join(", ")}` : `it has nothing of ${repository}`;
    problems.push(`${registry} does not have ${name.slice(registry.length + 1)}; ${known}. Push it first`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
}

async function accessTo(registry: string, stack: string | undefined): Promise<RegistryAccess> {
  const given = accessByEnvironment(registry);
  if (given) return given;
  if (stack === undefined) {
    throw new UserError(
      `${registry} is asked as somebody: set REGISTRY_USER and REGISTRY_PASSWORD, or give --unchecked to go without asking`,
    );
  }
  const outputs = await readOutputs(stack);
  const access = outputs && readerAccess(outputs);
  if (access) return access;
  throw new UserError(
    `${stack} is not up here, so its registry cannot be asked: set REGISTRY_USER and REGISTRY_PASSWORD to ask ${registry} itself, or give --unchecked`,
  );
}

export interface Bumped {
  changes: Change[];
  /** Whether the registry was asked for the images. */
  checked: boolean;
  /** Whether files were. */
  written: boolean;
}

function tell(changes: Change[], wanted: Wanted[], { json, dryRun, unchecked }: Options): void {
  const bumped: Bumped = { changes, checked: !unchecked, written: !dryRun };
  if (json) print(JSON.stringify(bumped, null, 2));
  else for (const { file, line, image, from, to } of changes) print(`${file}:${line}: ${image} ${from} -> ${to}`);
  if (changes.length === 0)
    say(`Nothing to do: ${wanted.map(({ app, image }) => `${app} is at ${image.slice(1)}`).join(", ")} already.`);
  else {
    if (unchecked) say("The registry was not asked whether it has that.");
    if (dryRun) say("Nothing was written.");
  }
}
