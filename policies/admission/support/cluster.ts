import { pluralsOf } from "../resources";
import type { Rule } from "../../engine/rule";
import type { Client, Manifest } from "./client";

/** Brings an API server to the point where it can be asked about objects. */
export class TestCluster {
  private markers = 0;

  constructor(readonly client: Client) {}

  /** Makes policies, and waits until the server holds to them. @returns what it refused to make, with its words */
  async install(policies: readonly Manifest[]): Promise<Map<string, string>> {
    const refused = new Map<string, string>();
    for (const policy of policies) {
      const { status, body } = await this.client.create(policy);
      const { name } = policy.metadata as { name: string };
      if (status >= 300 && !refused.has(name)) refused.set(name, String(body.message));
    }
    await this.settled();
    return refused;
  }

  /** Definitions for custom kinds that rules are about, taking any content. */
  async defineKinds(rules: readonly Rule[]): Promise<void> {
    for (const { match } of rules) {
      if (match.subject !== "object") continue;
      for (const resource of match.resources) {
        const plurals = pluralsOf(resource);
        for (const group of resource.apiGroups.filter((name) => name.includes("."))) {
          for (const [index, kind] of resource.kinds.entries()) {
            await this.define(group, kind, plurals[index] ?? "", resource.clusterScoped);
          }
        }
      }
    }
  }
}
