import { readFileSync } from "node:fs";
import { Command } from "commander";
import { lock } from "../artifacts/lock";
import { repositoryPath } from "../lib/places";
import { verbs } from "./verbs";

/** What a report of a fault should name: our own version, and what a node runs. */
function versions(): string {
  const { version } = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8")) as { version: string };
  const { tools, flux } = lock();
  const parts = ["kubernetes", "containerd", "etcd", "pulumi"].map((name) => `${name} ${tools[name]?.version}`);
  return [`grunnmur ${version}`, ...parts, `flux ${flux.version}`].join(", ");
}

/** The whole command line. */
export function program(): Command {
  const root = new Command("grunnmur")
    .description("From bare KVM to a self-healing GitOps platform on Norwegian ground")
    // Options after a verb are that verb's, so that `kubectl` and `ssh` can pass theirs on.
    .enablePositionalOptions()
    .version(versions(), "-V, --version", "print the versions of grunnmur and of what it installs")
    .showHelpAfterError("(add --help for the verbs; options stand after the verb)")
    .addHelpText("after", "\nStart with:\n  $ ./grunnmur up\n  $ ./grunnmur status");
  for (const verb of verbs) root.addCommand(verb());
  return root;
}
