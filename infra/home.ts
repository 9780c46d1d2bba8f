import { dirname, join } from "node:path";
import { storeRoot } from "../artifacts/store";

/** Where a local environment keeps its disks, sockets and logs; removed whole on destroy. */
export function environmentDir(stack: string): string {
  return join(dirname(storeRoot()), "environments", stack);
}
