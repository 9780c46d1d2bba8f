import { outputsOf } from "../../../infra/day-two/plan";
import { command } from "../../../stand-ins/command/command";
import { checkLocal } from "../../../stand-ins/command/local";
import { checkRemote } from "../../../stand-ins/command/remote";
import { kubernetesResource } from "../../../stand-ins/kubernetes/resource";
import { checkSettings, diffSettings, readSettings, type Settings } from "../../../stand-ins/kubernetes/settings";
import { readToken } from "../../../stand-ins/kubernetes/token";
import type { Resource } from "../../../stand-ins/shared/provider";
import { serveProvider } from "../../../stand-ins/shared/provider-server";
import { type Properties, revealObject } from "../../../stand-ins/shared/value";

/**
 * A plugin that checks, compares and previews as the stand-ins do, and says of everything else that it is done: so an environment
 * is "up" within seconds, in Pulumi's own state and engine, of which a preview can then tell what an edit would do to it.
 */
function pretending(real: Resource, made: (name: string, inputs: Properties) => Properties): Resource {
  return {
    check: (news, olds, context) => real.check(news, olds, context),
    diff: (old, news, context) => real.diff(old, news, context),
    create: async (inputs, work, context) =>
      work.preview
        ? real.create(inputs, work, context)
        : { id: `${context.name}-id`, outputs: { ...inputs, ...made(context.name, inputs) } },
    update: async (old, news, work, context) =>
      work.preview ? real.update(old, news, work, context) : { ...news, ...made(context.name, news) },
    read: async (old) => old,
    delete: async () => undefined,
  };
}

const runs = async (): Promise<never> => {
  throw new Error("no script is run here");
};
const wrote =
  (type: string) =>
  (name: string, inputs: Properties): Properties => ({
    stdout: "",
    stderr: "",
    ...(outputsOf(type, name, revealObject(inputs)) as Properties),
  });

let settings: Settings | undefined;
const cluster = () => {
  if (!settings) throw new Error("the provider has not been configured");
  return {
    settings,
    get cluster(): never {
      throw new Error("there is no cluster here");
    },
  };
};

const commands: Record<string, Resource> = {
  "command:local:Command": pretending(command(runs, checkLocal), wrote("command:local:Command")),
  "command:remote:Command": pretending(command(runs, checkRemote), wrote("command:remote:Command")),
};

if (process.env.PRETEND === "command") {
  void serveProvider({ name: "command", version: "1.2.1", covers: "previews", resource: (type) => commands[type] });
} else {
  void serveProvider({
    name: "kubernetes",
    version: "4.34.2",
    covers: "previews",
    resource: (type) => {
      const kind = readToken(type);
      return kind && pretending(kubernetesResource(kind, cluster), () => ({}));
    },
    checkConfig: checkSettings,
    diffConfig: diffSettings,
    configure: (config) => {
      settings = readSettings(config);
    },
  });
}
