import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";

export type Fields = Record<string, unknown>;

/** What the cluster's own programs make of files. */
export class Cluster {
  private made = 0;

  /**
   * @param kubectl the program
   * @param directory for files of its own
   */
  constructor(
    private readonly kubectl: string,
    private readonly directory: string,
  ) {}

  /** The objects that `kubectl -f` finds in files. One that cannot be read does not hide the others. */
  async applied(files: readonly string[]): Promise<Fields[]> {
    const place = this.place(files);
    const { objects, broken } = await this.objectsOf(["-f", place]);
    if (!broken) return objects;
    if (files.length === 1) throw new Error(`kubectl broke off at ${files[0]}`);
    return (await Promise.all(files.map((file) => this.applied([file])))).flat();
  }

  /** The objects that kustomize builds of files that it is told to take. */
  async built(files: readonly string[]): Promise<Fields[]> {
    if (files.length === 0) return [];
    const place = this.place(files);
    const resources = files.map((file) => basename(file));
    writeFileSync(join(place, "kustomization.yaml"), JSON.stringify({ resources }));
    const { stdout, stderr, code } = await this.run(["kustomize", "--load-restrictor=LoadRestrictionsNone", place]);
    if (code === 0) {
      const { objects, broken, said } = await this.objectsOf(["-f", "-"], stdout);
      if (!broken && said === "") return objects;
    }
    if (files.length === 1) {
      // It builds nothing of the file, or what neither kubectl nor the agent could read.
      return [];
    }
    // It stops at the first that it cannot take.
    const named = /accumulating resources from '([^']+)'/.exec(stderr)?.[1];
    const at = files.findIndex((file) => basename(file) === named);
    const first = at < 0 ? files.slice(0, files.length >> 1) : files.slice(at, at + 1);
    const others = files.filter((file) => !first.includes(file));
    return [...(await this.built(first)), ...(await this.built(others))];
  }

  private place(files: readonly string[]): string {
    const place = join(this.directory, `k${++this.made}`);
    mkdirSync(place);
    for (const file of files) symlinkSync(file, join(place, basename(file)));
    return place;
  }

  /** Changes nothing, and so shows what was read; it asks no server. */
  private async objectsOf(from: string[], input?: string) {
    const { stdout, stderr, code } = await this.run(
      ["patch", "--local", "--type=json", "--patch=[]", "--output=json", ...from],
      input,
    );
    const objects = stdout
      .split(/(?<=^\}\n)/m)
      .filter((text) => text.trim() !== "")
      .map((text) => JSON.parse(text) as Fields);
    return { objects, broken: code !== 0 && code !== 1, said: stderr };
  }

  private run(args: string[], input = ""): Promise<{ stdout: string; stderr: string; code: number | null }> {
    return new Promise((done, failed) => {
      const env = { HOME: "/nonexistent", KUBECONFIG: "/dev/null" };
      const options = { env, maxBuffer: 2 ** 28, timeout: 120_000 };
      const child = execFile(this.kubectl, args, options, (error, stdout, stderr) => {
        if (error && typeof error.code === "string") failed(error);
        else done({ stdout, stderr, code: error ? Number(error.code ?? 255) : 0 });
      });
      child.stdin?.on("error", () => {}); // it may end before it has read all
      child.stdin?.end(input);
    });
  }
}

/** Does something for each, on all cores. */
export async function forEach<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const next = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all(cpus().map(next));
}
