import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { StackError } from "../../stacks/errors";
import { parseStackFile } from "../../stacks/load";
import type { Stack } from "../../stacks/stack";
import { prepareForPreview } from "../here/preparation";
import { ensureStack } from "../pulumi/pulumi";
import { requireStackFile } from "../pulumi/stack-file";
import { type Access, GitHost, type Proposal } from "../review/git-host";
import { comment } from "../review/markdown";
import { mistaken, previewed } from "../review/previewed";
import { type Proposed, proposed, underOwnHead } from "../review/proposed";
import type { Review } from "../review/review";
import { writeReports } from "../review/written";
import { stackOption, verb } from "../terminal/command";
import { print, say } from "../terminal/say";
import { table } from "../terminal/table";
import { UserError } from "../terminal/user-error";

/** `review`: a comment on each open proposal that changes the stack file, made by the program that is merged already. */
export function reviewVerb(): Command {
  return verb("review", "preview what open merge or pull requests would do, and comment on them", [
    "review --stack prod",
    "review --stack prod --only 42",
    "review --stack prod --git-host gitea --api https://git.example.no/api/v1 --repository platform/infra",
  ])
    .addOption(stackOption())
    .addOption(
      new Option("--only <number>", "this proposal alone, and fail where it is refused").argParser(wholeNumber),
    )
    .addOption(new Option("--branch <name>", "the branch that they are for, which is checked out").default("main"))
    .addOption(new Option("--remote <name>", "the Git remote that has them").default("origin"))
    .addOption(new Option("--artifacts <directory>", "also write each review there, whole"))
    .addOption(
      new Option("--git-host <kind>", "what it is; default: whose pipeline this is").choices([
        "gitlab",
        "gitea",
        "github",
      ]),
    )
    .addOption(new Option("--api <url>", "address of its API; default: as its pipeline says"))
    .addOption(new Option("--repository <name>", "owner/name, or GitLab's project ID; default: as its pipeline says"))
    .addOption(new Option("--json", "print what came of it as JSON"))
    .addHelpText("after", "\nThe token is in the environment, as GRUNNMUR_REVIEW_TOKEN. Nothing of a proposal is run.")
    .action(reviewAll);
}

interface Options {
  stack: string;
  only?: number;
  branch: string;
  remote: string;
  artifacts?: string;
  gitHost?: Access["kind"];
  api?: string;
  repository?: string;
  json?: boolean;
}

/** What came of a proposal. */
export interface Outcome {
  number: number;
  /** Absent where the stack file stays as it is. */
  verdict?: Review["verdict"];
  comment: "added" | "replaced" | "as it was" | "none";
}

async function reviewAll({ stack, only, branch, remote, artifacts, json, ...options }: Options): Promise<void> {
  const own = requireStackFile(stack);
  const host = new GitHost(accessOf(options));
  const proposals = only === undefined ? await host.open(branch) : [host.proposal(only)];
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  for (const proposal of proposals) {
    try {
      outcomes.push(await reviewOne(host, proposal, { stack, own, remote, artifacts, again: only !== undefined }));
    } catch (error) {
      // One that Git cannot merge, as of a history of its own, must not keep the others from their reviews.
      if (only !== undefined || !(error instanceof UserError) || error.exitCode >= 128) throw error;
      failures.push(error.message);
    }
  }
  if (json) print(JSON.stringify(outcomes, null, 2));
  else if (proposals.length === 0) say(`No proposal for ${branch} is open.`);
  else
    print(
      table(["proposal", "verdict", "comment"], outcomes.map(row), {
        right: ["proposal"],
        columns: process.stdout.columns,
      }).join("\n"),
    );
  if (failures.length > 0) {
    throw new UserError(`${failures.length} of ${proposals.length} proposals have no review:\n${failures.join("\n")}`);
  }
  const [first] = outcomes;
  if (only !== undefined && (first?.verdict === "refused" || first?.verdict === "failed")) {
    throw new UserError(
      `proposal ${only} is ${first.verdict === "refused" ? "refused" : "not judged: its preview failed"}; its comment says why.`,
    );
  }
}

const row = ({ number, verdict, comment: said }: Outcome): string[] => [
  `${number}`,
  verdict ?? (said === "none" ? "the stack file stays" : "as before"),
  said,
];

interface Task {
  stack: string;
  /** The stack file that is checked out. */
  own: string;
  remote: string;
  artifacts: string | undefined;
  /** Also where nothing has changed since the last comment. */
  again: boolean;
}

async function reviewOne(host: GitHost, proposal: Proposal, task: Task): Promise<Outcome> {
  const { number } = proposal;
  const file = `Pulumi.${task.stack}.yaml`;
  const change = await proposed(proposal, file, task.remote);
  const mark = `<!-- grunnmur preview of ${task.stack} `;
  const before = await host.own(number, mark);
  // One that no longer touches the stack file is reviewed once more, so that the last comment does not stand there for ever.
  if (!change.files.includes(file) && !before) return { number, comment: "none" };
  const line = `${mark}${change.head} on ${change.base} -->`;
  if (!task.again && before?.body.startsWith(line)) return { number, comment: "as it was" };
  say(`\nproposal ${number}, ${change.head.slice(0, 12)} on ${change.base.slice(0, 12)}:`);
  const found = await reviewOf(change, task, file);
  await host.say(number, `${line}\n${comment(found)}`, before);
  if (task.artifacts) {
    mkdirSync(task.artifacts, { recursive: true });
    writeReports(
      [".html", ".json"].map((end) => join(task.artifacts ?? "", `${task.stack}-${number}${end}`)),
      found,
    );
  }
  return { number, verdict: found.verdict, comment: before ? "replaced" : "added" };
}

async function reviewOf(
  { text, files, conflict, base }: Proposed,
  { stack, own }: Task,
  file: string,
): Promise<Review> {
  if (conflict) return mistaken(stack, `it conflicts with the branch at ${base.slice(0, 12)}: merge that first`);
  if (text === undefined) return mistaken(stack, `it takes ${file} away: destroy the environment first`);
  const { text: config, changed } = underOwnHead(own, text);
  const wanted = parsed(text, stack);
  if (typeof wanted === "string") return mistaken(stack, wanted);
  await prepareForPreview();
  await ensureStack(stack);
  // The state is all that a review reads: no hypervisor is asked at an address out of a proposal.
  const { code, review } = await previewed(wanted, config, [], { GRUNNMUR_ASK_NOBODY: "yes" });
  if (code >= 128) throw new UserError("The review was interrupted. Nothing was changed.", code);
  const found = await review();
  return {
    ...found,
    notes: [
      ...found.notes,
      ...changed.map(
        (key) => `${key} at the head of ${file} would change, and this preview was made with the one that is merged.`,
      ),
      ...beside(files.filter((name) => name !== file)),
    ],
  };
}

const SHOWN = 20;

function beside(files: string[]): string[] {
  if (files.length === 0) return [];
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : "";
  return [
    `It changes other files too, of which nothing was run for this preview: ${files.slice(0, SHOWN).join(", ")}${more}`,
  ];
}

/** The stack, or all that is wrong with it. */
function parsed(text: string, stack: string): Stack | string {
  try {
    return parseStackFile(text, stack);
  } catch (error) {
    if (error instanceof StackError) return error.message;
    throw error;
  }
}

/** In the pipeline of a Git host its own variables say where it is. */
function accessOf(options: Pick<Options, "gitHost" | "api" | "repository">, environment = process.env): Access {
  const { GITLAB_CI, CI_API_V4_URL, CI_PROJECT_ID, GITHUB_API_URL, GITHUB_REPOSITORY } = environment;
  const gitea = environment.FORGEJO_ACTIONS || environment.GITEA_ACTIONS;
  const here = GITLAB_CI ? "gitlab" : gitea ? "gitea" : environment.GITHUB_ACTIONS ? "github" : undefined;
  const kind = options.gitHost ?? here;
  const api = options.api ?? (kind === here ? (here === "gitlab" ? CI_API_V4_URL : GITHUB_API_URL) : undefined);
  const repository =
    options.repository ?? (kind === here ? (here === "gitlab" ? CI_PROJECT_ID : GITHUB_REPOSITORY) : undefined);
  const token = environment.GRUNNMUR_REVIEW_TOKEN;
  const missing = [
    !kind && "--git-host (gitlab, gitea or github)",
    !api && "--api, such as https://gitlab.example.no/api/v4",
    !repository && "--repository, such as platform/infra, or GitLab's project ID",
    !token &&
      "the environment variable GRUNNMUR_REVIEW_TOKEN, with a token that may read proposals and comment on them",
  ].filter((one) => typeof one === "string");
  if (!kind || !api || !repository || !token) {
    throw new UserError(`this is no pipeline of a Git host that says all of it; give ${missing.join("; ")}`);
  }
  return { kind, api, repository, token };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UserError(`--only "${text}": allowed is a proposal's number, such as 42`);
  return Number(text);
}
