import { Command, Option } from "commander";

/** A verb: its name and arguments, one sentence, and examples for its help. */
export function verb(usage: string, description: string, examples: string[]): Command {
  return new Command(usage.split(" ")[0])
    .description(description)
    .showHelpAfterError("(add --help for what this verb takes; an environment is chosen with --stack)")
    .addHelpText("after", `\nExamples:\n${examples.map((example) => `  $ ./grunnmur ${example}`).join("\n")}`);
}

/** `--stack`, the environment that a verb works on; without its short form before arguments of which that is one. */
export const stackOption = (flags = "-s, --stack <name>"): Option =>
  new Option(flags, "the environment: Pulumi.<name>.yaml describes it").default("local");

/** `--yes`, for runs at which nobody is to be asked. */
export const yesOption = (): Option => new Option("-y, --yes", "ask nothing (CI=true does the same)");

/** Gathers an option that is given several times. Unlike `<name...>` it leaves the arguments that follow to the verb. */
export const namesOf = (name: string, before: string[] = []): string[] => [...before, name];
