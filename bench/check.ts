import { repositoryPath } from "../lib/places";
import { measure, type Taken } from "./measure";

/** The artifact that `check` reads with. It is made before the clock starts, as after anyone's first check. */
export const READER = "manifest-reader";

export const FACTS = ["--registry", "registry.example.no", "--profile", "NO"];

/** The command itself on a directory. @param home other than the user's own */
export function check(directory: string, home?: string): Taken {
  const args = [repositoryPath("dist", "cli", "main.js"), "check", ...FACTS, "--format", "json", directory];
  const environment = home === undefined ? process.env : { ...process.env, GRUNNMUR_HOME: home };
  return measure(process.execPath, args, directory, environment);
}
