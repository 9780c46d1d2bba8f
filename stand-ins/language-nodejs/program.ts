import * as path from "node:path";

/** Pulumi's own exit code for "failed, and the reason has already been shown". */
export const shownExitCode = 32;

/** What the engine asks for when it wants a program run. */
export interface Program {
  rootDirectory: string;
  programDirectory: string;
  entryPoint: string;
  workingDirectory: string;
  organization: string;
  project: string;
  stack: string;
  dryRun: boolean;
  parallel: number;
  monitorAddress: string;
  args: string[];
  config: Record<string, string>;
  configSecretKeys: string[];
}

/** The arguments of `@pulumi/pulumi/cmd/run`. */
export function programArguments(program: Program, engineAddress: string): string[] {
  return [
    ...["--monitor", program.monitorAddress, "--engine", engineAddress],
    ...["--organization", program.organization, "--project", program.project, "--stack", program.stack],
    ...["--root-directory", program.rootDirectory, "--pwd", program.workingDirectory],
    ...(program.dryRun ? ["--dry-run"] : []),
    ...["--parallel", String(program.parallel)],
    path.join(program.programDirectory, program.entryPoint),
    ...program.args,
  ];
}

/** The environment that carries the stack's configuration to the program. Never an argument: others can read those. */
export function programEnvironment(program: Program): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(program.config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(program.configSecretKeys),
  };
}

/**
 * How an exit code reads to the engine: no error, an error to show, or `bail` when the program
 * has shown its error itself.
 */
export function programResult(code: number | null, signal: string | null): { error: string; bail: boolean } {
  if (code === 0) return { error: "", bail: false };
  if (code === shownExitCode) return { error: "", bail: true };
  return {
    error: signal === null ? `the program ended with exit code ${code}` : `the program was ended by ${signal}`,
    bail: false,
  };
}
