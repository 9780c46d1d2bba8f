import { createHash } from "node:crypto";
import type { Entry } from "../../engine/verdict";

/**
 * What tells one fault from another over many runs. Not the line: the same fault further down is the same fault. Where
 * one object is written twice, or built twice from one file, the second of them gets another mark.
 */
export class Fingerprints {
  private readonly seen = new Map<string, number>();

  ofEntry({ rule, file, apiVersion, kind, namespace, name, path }: Entry): string {
    return this.of(rule, file, apiVersion, kind, namespace, name, path);
  }

  of(...parts: readonly (string | undefined)[]): string {
    const key = JSON.stringify(parts);
    const count = this.seen.get(key) ?? 0;
    this.seen.set(key, count + 1);
    return createHash("sha256")
      .update(count === 0 ? key : `${key} ${count}`)
      .digest("hex");
  }
}
