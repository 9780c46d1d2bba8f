import type { Resource } from "../shared/provider";
import { serveProvider } from "../shared/provider-server";
import { command } from "./command";
import { checkLocal, runLocal } from "./local";
import { checkRemote, runRemote } from "./remote";

const resources: Record<string, Resource> = {
  "command:local:Command": command(runLocal, checkLocal),
  "command:remote:Command": command(runRemote, checkRemote),
};

void serveProvider({
  name: "command",
  version: "1.2.1",
  covers: "local.Command (without assetPaths and archivePaths) and remote.Command (with a pinned hostKey)",
  resource: (type) => resources[type],
});
