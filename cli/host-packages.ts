import { lock } from "../artifacts/lock";
import type { Stack } from "../stacks/stack";
import { run } from "./child";
import { say } from "./say";
import { runsHere } from "./stack-file";
import { confirm } from "./unattended";
import { UserError } from "./user-error";

/** What the machine itself must have for an environment. Purposes are keys of the lock's `hostPackages`. */
function purposesFor(stack: Stack): string[] {
  return runsHere(stack) ? ["virtual machines", "reaching the guests", "the golden image", "artifacts"] : [];
}

/** Installs the Debian packages that the environment needs and the machine lacks, having named them. */
export async function installHostPackages(stack: Stack, yes: boolean | undefined): Promise<void> {
  await installPackages(purposesFor(stack), yes);
}

export async function installPackages(purposes: string[], yes: boolean | undefined): Promise<void> {
  const missing = await missingPackages(purposes);
  if (missing.length === 0) return;
  const names = missing.join(" ");
  say(`This machine lacks these Debian packages: ${names}`);
  const root = process.getuid?.() === 0;
  if (!root && (await run("sudo", ["-n", "true"], { output: "capture" })).code !== 0) {
    throw new UserError(
      `neither root nor sudo without a password: install them first, with\n  sudo apt-get install ${names}`,
    );
  }
  if (!(await confirm("Install them now?", yes))) throw new UserError(`install them first: apt-get install ${names}`);
  const apt = ["apt-get", "install", "--yes", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", ...missing];
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", ...apt];
  const [program = "", ...args] = root ? command : ["sudo", ...command];
  const { code } = await run(program, args);
  if (code !== 0) throw new UserError(`apt-get could not install ${names}: see above. apt-get update may help.`);
}

async function missingPackages(purposes: string[]): Promise<string[]> {
  const wanted = [...new Set(purposes.flatMap((purpose) => lock().hostPackages[purpose] ?? []))];
  if (wanted.length === 0) return [];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the format is dpkg-query's own
  const listed = await run("dpkg-query", ["-W", "-f", "${db:Status-Status} ${binary:Package}\\n", ...wanted], {
    output: "capture",
  });
  const installed = new Set(
    listed.stdout.split("\n").flatMap((line) => {
      const [status, name = ""] = line.split(" ");
      return status === "installed" ? [name.split(":")[0]] : [];
    }),
  );
  return wanted.filter((name) => !installed.has(name));
}
