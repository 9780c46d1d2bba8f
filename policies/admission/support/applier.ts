import assert from "node:assert/strict";
import type { Answer, Client, Manifest } from "./client";

/** Asks as kustomize-controller does for the account that it acts as: by name, and with the same verbs. */
export class Applier {
  readonly client: Client;

  constructor(
    private readonly server: Client,
    namespace: string,
    name: string,
  ) {
    this.client = server.as(namespace, name);
  }

  close(): void {
    this.client.close();
  }

  async apply(object: Manifest, { dryRun = false } = {}): Promise<Answer> {
    const query = `${dryRun ? "dryRun=All&" : ""}force=true&fieldManager=kustomize-controller`;
    return this.client.send("PATCH", `${await this.pathOf(object)}?${query}`, object, "application/apply-patch+yaml");
  }

  remove(path: string): Promise<Answer> {
    return this.client.send("DELETE", `${path}?propagationPolicy=Background`);
  }

  /** Adds an ephemeral container, as `kubectl debug` does. Nothing is kept. */
  debug(pod: string, securityContext: Manifest): Promise<Answer> {
    const ephemeralContainers = [{ name: "debug", image: "registry.example.no/app:1.0", securityContext }];
    const type = "application/strategic-merge-patch+json";
    return this.client.send("PATCH", `${pod}/ephemeralcontainers?dryRun=All`, { spec: { ephemeralContainers } }, type);
  }

  /** Compares, applies, compares, and prunes in the opposite order. @throws with the server's words */
  async cycle(manifests: readonly Manifest[]): Promise<void> {
    const must = (what: string, { status, body }: Answer, object: Manifest) =>
      assert.ok(status < 300, `${what} ${object.kind}: ${body.message}`);
    for (const object of manifests) {
      const before = await this.client.send("GET", await this.pathOf(object));
      if (before.status !== 404) must("get", before, object);
      must("try", await this.apply(object, { dryRun: true }), object);
      must("apply", await this.apply(object), object);
      must("get", await this.client.send("GET", await this.pathOf(object)), object);
      must("apply again", await this.apply(object), object);
    }
    for (const object of [...manifests].reverse()) {
      const { status, body } = await this.remove(await this.pathOf(object));
      assert.ok(status < 300 || status === 404, `delete ${object.kind}: ${body.message}`);
    }
  }

  private async pathOf(object: Manifest): Promise<string> {
    const path = await this.server.pathOf(object);
    if ("why" in path) throw new Error(path.why);
    return `${path.collection}/${(object.metadata as { name: string }).name}`;
  }
}
