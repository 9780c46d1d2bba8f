import { storeRoot } from "../lib/places";
import { catalogue } from "./catalogue";
import { type Progress, terminalProgress } from "./lib/progress";
import { type Completed, Store } from "./lib/store";

export type { Progress } from "./lib/progress";
export type { Completed } from "./lib/store";

let opened: Store | undefined;

function store(): Store {
  if (opened?.root !== storeRoot()) opened = new Store(storeRoot(), catalogue());
  return opened;
}

/** Names of all artifacts. */
export function artifactNames(): string[] {
  return store().names;
}

/** Where an artifact is, or will be: it follows from the lock and may not exist yet. @throws on an unknown name */
export function artifactDir(name: string): string {
  return store().dir(name);
}

/** Whether it is complete. */
export function artifactReady(name: string): boolean {
  return store().ready(name);
}

/** How it was made, and the digest of each of its files. @throws if it is not ready */
export function artifactFacts(name: string): Completed {
  return store().completed(name);
}

/** Folders of the store that nothing here leads to any more. A guest made from one of them still reads it. */
export function outdatedArtifacts(): string[] {
  return store().outdated();
}

/**
 * Downloads or compiles what is missing, what it is made from first. What is ready costs nothing.
 * @throws with the artifact's name and the end of what its build wrote
 */
export async function ensure(names: string[], progress: Progress = terminalProgress): Promise<void> {
  await store().ensure(names, progress);
}
