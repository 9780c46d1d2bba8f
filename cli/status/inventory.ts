/** An entry of a Kustomization's `.status.inventory.entries`. */
export interface InventoryEntry {
  /** `<namespace>_<name>_<group>_<kind>`; in a name, `__` stands for a colon. */
  id: string;
  /** API version without its group. */
  v: string;
}

/**
 * What the agent has applied, and would delete with `prune`, as lines such as `Deployment production/payment-service`,
 * sorted. https://pkg.go.dev/github.com/fluxcd/cli-utils/pkg/object#ParseObjMetadata
 */
export function inventory(entries: readonly InventoryEntry[]): string[] {
  return entries.map(({ id }) => line(id)).sort();
}

function line(id: string): string {
  const [, namespace, name, group, kind] = /^([^_]*)_(.+)_([^_]*)_([^_]+)$/.exec(id) ?? [];
  if (name === undefined || kind === undefined) return id;
  const plain = name.replaceAll("__", ":");
  const what = group ? `${kind}.${group}` : kind;
  return `${what} ${namespace ? `${namespace}/` : ""}${plain}`;
}
