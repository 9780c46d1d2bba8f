import { rmSync } from "node:fs";
import { digests } from "./lib/digest";
import { artifactDir, artifactFacts, artifactNames, artifactReady, ensure, outdatedArtifacts } from "./store";

const usage = `usage: node dist/artifacts/ensure-main.js [--list | --verify | --prune] [name…]

Makes the named artifacts, or all, where they are missing.
  --list    prints name, readiness and folder of each, and makes nothing
  --verify  compares each ready artifact with the digests recorded when it was made
  --prune   removes what earlier versions left; destroy the environments made from it first, their disks read it
GRUNNMUR_SOURCE=auto|release|build says whether to download or to compile (default auto: whichever can be had).`;

async function main(args: string[]): Promise<void> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const given = args.filter((arg) => !arg.startsWith("-"));
  const names = given.length > 0 ? given : artifactNames();
  const [option, ...more] = options;

  if (option === "--help" && more.length === 0) console.log(usage);
  else if (option === "--list" && more.length === 0) list(names);
  else if (option === "--verify" && more.length === 0) await verify(names.filter(artifactReady));
  else if (option === "--prune" && more.length === 0) prune();
  else if (option === undefined) await ensure(names);
  else throw new Error(`unknown option ${options.join(" ")}\n${usage}`);
}

function list(names: string[]): void {
  for (const name of names)
    console.log([name, artifactReady(name) ? "ready" : "missing", artifactDir(name)].join("\t"));
}

function prune(): void {
  for (const folder of outdatedArtifacts()) {
    console.log(`removing ${folder}`);
    rmSync(folder, { recursive: true });
  }
}

async function verify(names: string[]): Promise<void> {
  for (const name of names) {
    const recorded = artifactFacts(name).files;
    const found = await digests(artifactDir(name));
    for (const [file, digest] of Object.entries(recorded)) {
      if (found[file] === digest) continue;
      console.error(`${name}: ${file} has changed\n    made as ${digest}\n    is now  ${found[file] ?? "missing"}`);
      process.exitCode = 1;
    }
  }
  if (process.exitCode === undefined) console.log(`${names.length} artifacts are as they were made`);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
