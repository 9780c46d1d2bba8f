import { home } from "../lib/places";
import { StackError } from "../stacks/errors";
import { program } from "./program";
import { colours } from "./terminal/colour";
import { say } from "./terminal/say";
import { UserError } from "./terminal/user-error";

/** Errors that are the user's to mend are told in words; any other is ours, and shows where it came from. */
function explain(error: unknown): number {
  const { red } = colours(process.stderr);
  if (error instanceof UserError || error instanceof StackError) {
    say(`${red("error:")} ${error.message}`);
    return error instanceof UserError ? error.exitCode : 1;
  }
  say(`${red("error:")} ${error instanceof Error ? error.message : String(error)}${hint(error)}`);
  if (process.env.GRUNNMUR_DEBUG && error instanceof Error) say(error.stack ?? "");
  return 1;
}

/** What the system refuses is mostly about the one directory that everything is kept in. */
function hint(error: unknown): string {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case "ENOSPC":
    case "EDQUOT":
      return `\nThe disk is full. GRUNNMUR_HOME, with the store of artifacts and the guests' disks, is ${home()}`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
      return `\nGRUNNMUR_HOME is ${home()}: choose a directory that this user may write to`;
    default:
      return "";
  }
}

// One meaning of it everywhere: the store, Pulumi's program and every script read the variable.
process.env.GRUNNMUR_HOME = home();
// Started by no shell, as a service is: a bash that we start would read the user's .bashrc first (stand-ins/command/local.ts).
if (!(Number(process.env.SHLVL) >= 1)) process.env.SHLVL = "1";

program()
  .parseAsync()
  .catch((error: unknown) => {
    process.exitCode = explain(error);
  })
  // A connection that was given up on would keep the process waiting. What a pipe has not taken yet must still go out.
  .finally(() => process.stdout.write("", () => process.exit()));
