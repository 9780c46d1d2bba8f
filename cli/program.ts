import { Command } from "commander";
import { versionsInALine } from "../artifacts/versions";
import { verbs } from "./verbs";

/** The whole command line. */
export function program(): Command {
  const root = new Command("grunnmur")
    .description("From bare KVM to a self-healing GitOps platform on Norwegian ground")
    // Options after a verb are that verb's, so that `kubectl` and `ssh` can pass theirs on.
    .enablePositionalOptions()
    .version(versionsInALine(), "-V, --version", "print the versions of grunnmur and of what it installs")
    .showHelpAfterError("(add --help for the verbs; options stand after the verb)")
    .addHelpText("after", "\nStart with:\n  $ ./grunnmur up\n  $ ./grunnmur status");
  for (const verb of verbs) root.addCommand(verb());
  return root;
}
