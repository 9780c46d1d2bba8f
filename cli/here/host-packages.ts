import { installHostPackages, missingHostPackages } from "../../artifacts/host-packages";
import type { Stack } from "../../stacks/stack";
import { runsHere } from "../pulumi/stack-file";
import { confirm } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";
import { missingArtifacts } from "./preparation";

/** What making artifacts takes; a machine whose store is full needs none of it. */
const FOR_ARTIFACTS = ["the golden image", "artifacts"];
/** What guests on this very machine take. */
const FOR_GUESTS = ["virtual machines", "reaching the guests"];

/** What `up` needs Debian packages for, by the lock's headings; none where nothing is made on this machine. */
export const purposesFor = (stack: Stack): string[] => [
  ...(missingArtifacts(stack).length > 0 ? FOR_ARTIFACTS : []),
  ...(runsHere(stack) ? FOR_GUESTS : []),
];

/** Installs the Debian packages that `up` needs and this machine lacks, having named them. */
export async function installPackagesFor(stack: Stack, yes: boolean | undefined): Promise<void> {
  const purposes = purposesFor(stack);
  const missing = purposes.length > 0 ? missingHostPackages(purposes) : [];
  if (missing.length === 0) return;
  const names = missing.join(" ");
  if (!(await confirm(`This machine lacks these Debian packages: ${names}\nInstall them now?`, yes))) {
    throw new UserError(`nothing was installed. To do it yourself: apt-get install ${names}`);
  }
  await installHostPackages(purposes);
}
