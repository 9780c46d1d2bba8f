import { join } from "node:path";
import { home } from "../../lib/places";
import { UserError } from "../terminal/user-error";

// sun_path of a Unix socket has 108 bytes, the last of them zero (unix(7)).
const LONGEST = 107;

/**
 * Libvirt's own error would come after all artifacts are made, and speak of a socket.
 * @param environment directory of a local environment
 */
export function refuseLongPath(environment: string): void {
  const socket = join(environment, "libvirt", "run", "libvirt-sock");
  const bytes = Buffer.byteLength(socket);
  if (bytes <= LONGEST) return;
  throw new UserError(
    `libvirt's socket would be ${socket}, which has ${bytes} bytes where Linux allows ${LONGEST}: ` +
      `set GRUNNMUR_HOME to a shorter directory than ${home()}`,
  );
}
