import type { File } from "../payload";

/** Who may log in as root to a machine that the program made. @param keys public SSH keys */
export const administrators = (keys: readonly string[]): File => ({
  path: "/root/.ssh/authorized_keys",
  content: keys.map((key) => `${key}\n`).join(""),
  mode: 0o600,
});
