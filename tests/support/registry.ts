import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { cranePath } from "../../infra/artifacts";
import { must, type } from "./user";

const ofCi = z.object({
  registry: z.object({ reach: z.string(), caPem: z.string() }),
  registryCi: z.object({ username: z.string(), password: z.string() }),
});

/** The environment's registry with the account of CI, by crane, and what CI does there. */
export class CiRegistry {
  private readonly all;

  /** @param outputs of the stack, with their secrets, as JSON */
  constructor(outputs: string) {
    this.all = ofCi.parse(JSON.parse(outputs));
  }

  /** Pushes an image with one file in it. */
  async push(image: string, content: string): Promise<void> {
    await this.withCrane(async (crane, directory) => {
      writeFileSync(join(directory, "file"), content);
      const layer = join(directory, "layer.tar");
      await must(type("tar", ["-C", directory, "-cf", layer, "file"]));
      await crane("append", "--new_layer", layer, "--new_tag", image);
    });
  }

  /** The digest of an image. @throws where the registry does not have it */
  async digest(image: string): Promise<string> {
    let digest = "";
    await this.withCrane(async (crane) => {
      digest = (await crane("digest", image)).stdout.trim();
    });
    return digest;
  }

  private async withCrane(
    work: (crane: (verb: string, ...args: string[]) => ReturnType<typeof must>, directory: string) => Promise<void>,
  ): Promise<void> {
    const { registry, registryCi } = this.all;
    const endpoint = `${registry.reach}:443`;
    const directory = mkdtempSync(join(tmpdir(), "grunnmur-ci-"));
    const docker = join(directory, "docker");
    try {
      mkdirSync(docker);
      const auth = Buffer.from(`${registryCi.username}:${registryCi.password}`).toString("base64");
      writeFileSync(join(docker, "config.json"), JSON.stringify({ auths: { [endpoint]: { auth } } }), { mode: 0o600 });
      writeFileSync(join(docker, "ca.pem"), registry.caPem);
      const env = { DOCKER_CONFIG: docker, SSL_CERT_FILE: join(docker, "ca.pem") };
      const crane = (verb: string, ...args: string[]) => {
        const image = args.pop();
        return must(type(cranePath(), [verb, ...args, `${endpoint}/${image}`], { env }));
      };
      await work(crane, directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}
