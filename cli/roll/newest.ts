import { basename } from "node:path";
import { lock, lockedTool } from "../../artifacts/lock";
import { artifactDir } from "../../artifacts/store";
import type { Newest } from "./plan";

/** Such as `v1.36.4`. */
export const lockedKubernetes = (): string => `v${lockedTool("kubernetes").version}`;

/** What the lock makes; it need not be in the store yet. */
export function newest(): Newest {
  return { kubernetes: lockedKubernetes(), image: basename(artifactDir("golden-image")), debian: lock().debian.asOf };
}
