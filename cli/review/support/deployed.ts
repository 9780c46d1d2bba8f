import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseDocument } from "yaml";
import { repositoryPath, repositoryRoot, storeRoot } from "../../../lib/places";
import { STATE } from "../../../policies/crossguard/stack-fixtures";
import { type EngineEvent, parseEvents } from "../../pulumi/events";
import { policyPackArgs } from "../../pulumi/policy-packs";
import { pulumiVariables } from "../../pulumi/pulumi-environment";

interface Ran {
  ok: boolean;
  output: string;
}

/** Pulumi with the platform's program, a state of its own, and plugins that make nothing. */
export class Deployed {
  private readonly home = mkdtempSync(join(tmpdir(), "grunnmur-review-"));
  private readonly log = join(this.home, "events.json");

  private constructor(private readonly stack: string) {
    symlinkSync(storeRoot(), join(this.home, "store"));
    copyFileSync(repositoryPath("Pulumi.yaml"), join(this.home, "Pulumi.yaml"));
    mkdirSync(join(this.home, "plugins"));
    const program = repositoryPath("dist", "cli", "review", "support", "pretend.js");
    for (const name of ["command", "kubernetes"]) {
      const text = `#!/bin/sh\nPRETEND=${name} exec ${process.execPath} ${program} "$@"\n`;
      writeFileSync(join(this.home, "plugins", `pulumi-resource-${name}`), text, { mode: 0o755 });
    }
  }

  /** An environment of that stack file, in which everything is as the file says. @throws with what Pulumi said */
  static async of(stack: string, file: string): Promise<Deployed> {
    const deployed = new Deployed(stack);
    const steps = [
      () => deployed.pulumi(["stack", "init"], deployed.home),
      () => deployed.pulumi(["config", "set", "--secret", "grunnmur:gitHostToken", "a-token-of-prod"], deployed.home),
      () => deployed.pulumi(["up", "--yes", "--skip-preview", ...deployed.config(file)]),
    ];
    for (const step of steps) {
      const { ok, output } = await step();
      if (ok) continue;
      deployed.forget();
      throw new Error(output);
    }
    return deployed;
  }

  /** What a preview of another stack file comes to; and the state, as Pulumi exports it without its secrets. */
  async preview(file: string): Promise<Ran & { events: EngineEvent[]; state: string }> {
    const { output: state } = await this.pulumi(["stack", "export"]);
    rmSync(this.log, { force: true });
    const ran = await this.pulumi(["preview", ...this.config(file), "--event-log", this.log, ...policyPackArgs()]);
    return { ...ran, events: parseEvents(readFileSync(this.log, "utf8")), state };
  }

  forget(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  private config(text: string): string[] {
    const [own, file] = [join(this.home, `Pulumi.${this.stack}.yaml`), join(this.home, "wanted.yaml")];
    // The token as Pulumi wrote it, encrypted, with the salt that goes with it.
    const secret = parseDocument(readFileSync(own, "utf8"));
    const wanted = parseDocument(text);
    wanted.setIn(["config", "grunnmur:gitHostToken"], secret.getIn(["config", "grunnmur:gitHostToken"]));
    wanted.set("encryptionsalt", secret.get("encryptionsalt"));
    writeFileSync(file, String(wanted));
    return ["--config-file", file];
  }

  private pulumi(words: string[], cwd = repositoryRoot()): Promise<Ran> {
    const env = {
      ...process.env,
      ...pulumiVariables({ ...process.env, PATH: [join(this.home, "plugins"), process.env.PATH].join(delimiter) }),
      GRUNNMUR_HOME: this.home,
      GRUNNMUR_STATE: JSON.stringify(STATE),
      PULUMI_BACKEND_URL: `file://${this.home}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_DEBUG_COMMANDS: "true",
      GRUNNMUR_ASK_NOBODY: "yes",
      PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    };
    const all = [...words, "--stack", this.stack, "--non-interactive", "--color", "never"];
    return new Promise((resolve) => {
      execFile("pulumi", all, { cwd, env, maxBuffer: 1 << 28 }, (error, stdout, stderr) =>
        resolve({ ok: error === null, output: stdout + stderr }),
      );
    });
  }
}
