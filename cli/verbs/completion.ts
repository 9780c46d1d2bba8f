import { Argument, Command } from "commander";
import { repositoryPath } from "../../lib/places";
import { knownStacks } from "../pulumi/stack-file";
import { verb } from "../terminal/command";
import { quote } from "../terminal/exports";

const SHELLS = ["bash", "zsh", "fish"];
/** What such a script asks with, at each press of the key: `completion complete -- WORD…`, the last of which may be empty. */
const ASKED = "complete";

/** `completion`: what a shell reads to complete verbs, options and environments at the tabulator key. */
export function completionVerb(): Command {
  return verb("completion", "print what your shell reads to complete verbs, options and environments", [
    "completion bash > ~/.local/share/bash-completion/completions/grunnmur",
    "completion zsh > ~/.zfunc/_grunnmur",
    "completion fish > ~/.config/fish/completions/grunnmur.fish",
  ])
    .addArgument(new Argument("<shell>", "complete is for them to ask").choices([...SHELLS, ASKED]))
    .argument("[words...]", "what is to be completed")
    .action(async (shell: string, words: string[], _: object, command: Command) => {
      const completions = await completionsOf(command.parent?.commands ?? []);
      if (shell === ASKED) completions.parse(words);
      else completions.setup("grunnmur", `${quote(repositoryPath("grunnmur"))} completion`, shell);
    });
}

async function completionsOf(verbs: readonly Command[]) {
  const { default: describe } = await import("@bomb.sh/tab/commander");
  const root = new Command("grunnmur").enablePositionalOptions();
  // It adds one of this name by itself.
  for (const one of verbs) if (one.name() !== "completion") root.addCommand(one);
  const described = describe(root, { completionCommandName: "completion" });
  for (const one of described.commands.values()) {
    const stack = one.options.get("stack");
    if (!stack) continue;
    stack.handler = (complete) => {
      for (const name of knownStacks()) complete(name, "");
    };
  }
  return described;
}
