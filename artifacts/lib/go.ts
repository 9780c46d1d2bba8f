import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run";

/** The environment of every Go build: static, from the pinned modules only, with the Go that is installed. */
export function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CGO_ENABLED: "0",
    GOOS: "linux",
    GOARCH: "amd64",
    GOWORK: "off",
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly",
    // The compiler collects its garbage over and over at the default of 100, which takes a sixth of its time.
    GOGC: process.env.GOGC ?? "400",
  };
}

/**
 * Compiles main packages of a module's `go.mod`.
 * @param output folder ending in "/" for several packages, or a file for one
 * @param beat told how many packages have been compiled so far
 */
export async function goBuild(
  build: {
    moduleDir: string;
    output: string;
    packages: string[];
    tags?: string[];
    ldflags?: string[];
    cgo?: boolean | undefined;
  },
  beat: (text: string) => void,
): Promise<void> {
  await requireGo(build.moduleDir);
  const tags = build.tags?.length ? ["-tags", build.tags.join(" ")] : [];
  const ldflags = ["-s", "-w", ...(build.ldflags ?? [])].join(" ");
  let compiled = 0;
  await run(
    "go",
    [
      "build",
      "-v",
      "-trimpath",
      "-buildvcs=false",
      ...tags,
      "-ldflags",
      ldflags,
      "-o",
      build.output,
      ...build.packages,
    ],
    {
      cwd: build.moduleDir,
      env: { ...goEnvironment(), ...(build.cgo ? { CGO_ENABLED: "1" } : {}) },
      onLine: (line) => {
        if (line.startsWith("go: downloading")) return beat("downloading modules");
        compiled += 1;
        beat(`${compiled} packages compiled, now ${line.trim()}`);
      },
    },
  );
}

/** The name that `go build` gives a package's binary: the last part of its path that is not a major version. */
export function defaultBinaryName(packagePath: string): string {
  const parts = packagePath.split("/");
  const last = parts.pop() ?? "";
  return /^v\d+$/.test(last) ? (parts.pop() ?? last) : last;
}

/** @throws when Go is missing or older than the module wants */
async function requireGo(moduleDir: string): Promise<void> {
  const wanted = /^go (\S+)/m.exec(readFileSync(join(moduleDir, "go.mod"), "utf8"))?.[1] ?? "1.26";
  const remedy = `Install Go ${wanted} or newer (Debian's package "golang" where it is new enough, else from https://go.dev/dl/)`;
  const found = await run("go", ["env", "GOVERSION"], { env: goEnvironment() }).catch((error: Error) => {
    throw new Error(`Go is needed to compile from published modules: ${error.message}. ${remedy}`);
  });
  const version = found.trim().replace(/^go/, "");
  if (compareVersions(version, wanted) < 0) throw new Error(`Go ${version} is too old for ${moduleDir}. ${remedy}`);
}

/** Negative when `a` is the older of two dotted versions. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[^0-9]+/).map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
