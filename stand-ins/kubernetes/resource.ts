import { randomBytes } from "node:crypto";
import { compare } from "../shared/diff";
import { NotReady } from "../shared/failure";
import { patience } from "../shared/patience";
import type { Context, Resource, Work } from "../shared/provider";
import { Redactor } from "../shared/redactor";
import { isObject, type Properties, revealObject, unknown } from "../shared/value";
import { Unreachable } from "./api";
import { type Address, type Cluster, talk } from "./cluster";
import { isImmutable } from "./immutable";
import { liveInputs, pruned } from "./live";
import { annotation, metadata, named, withoutNulls } from "./object";
import { sealData, sealed } from "./secrecy";
import type { Settings } from "./settings";
import type { Kind } from "./token";

const defaultTimeoutMs = 600_000 * patience;
const deletePatienceMs = 15_000 * patience;

/** A configured provider: how it was told to behave, and the cluster it talks to. */
export interface Target {
  settings: Settings;
  cluster: Cluster;
}

/** Any object of one kind. */
export function kubernetesResource(kind: Kind, target: () => Target): Resource {
  return {
    async check(news, olds, context) {
      const given: Properties = {
        ...news,
        apiVersion: news.apiVersion ?? kind.apiVersion,
        kind: news.kind ?? kind.kind,
      };
      const inputs = autonamed(given, olds, context);
      return { inputs: kind.apiVersion === "v1" && kind.kind === "Secret" ? sealData(inputs) : inputs };
    },

    diff(old, news) {
      const changes = compare(old.inputs, news).filter(({ path }) => path[0] !== "status");
      const { mutable } = target().settings;
      const stays = (["name", "namespace"] as const).every(
        (field) => named(news, field) === undefined || named(news, field) === named(old.outputs, field),
      );
      return {
        changes,
        replaces: (change) => isImmutable(kind, change, mutable),
        // Two objects cannot have one name at the same time.
        deleteBeforeReplace: stays && annotation(revealObject(news), "autonamed") !== "true",
      };
    },

    async create(inputs, work, context) {
      if (work.preview) return { id: "", outputs: foreseen(inputs) };
      const object = withoutNulls(revealObject(inputs)) as Properties;
      const address = addressOf(kind, object);
      const { cluster, settings } = target();
      return guarded(inputs, async () => {
        if (!settings.upsert && (await cluster.get(address, talk(context))) !== undefined) throw existsAlready(address);
        const live = await cluster.apply(object, address, talk(context));
        const id = idOf(live);
        return { id, outputs: await settled(cluster, id, live, inputs, address, work, context) };
      });
    },

    async read(old, context) {
      const { cluster, settings } = target();
      try {
        const live = await cluster.get(addressOfId(kind, old.id), talk(context));
        if (live === undefined) return undefined;
        const inputs = liveInputs(old.inputs, live);
        return { id: old.id, inputs, outputs: sealed(pruned(live), inputs) };
      } catch (error) {
        if (!(error instanceof Unreachable) || !settings.deleteUnreachable) throw error;
        context.log.warning(`${error.message}: dropped from the state, as \`deleteUnreachable\` asks`);
        return undefined;
      }
    },

    async update(old, news, work, context) {
      if (work.preview) return foreseen(news, old.outputs);
      const object = withoutNulls(revealObject(news)) as Properties;
      const address = addressOfId(kind, old.id);
      const { cluster } = target();
      return guarded(news, async () => {
        const live = await cluster.apply(object, address, talk(context));
        return settled(cluster, old.id, live, news, address, work, context);
      });
    },

    async delete(old, work, context) {
      const { cluster, settings } = target();
      const object = revealObject(old.outputs);
      // A cluster that is lost is waited for once, not for every object.
      const patienceMs = settings.deleteUnreachable ? (cluster.lost ? 0 : deletePatienceMs) : undefined;
      try {
        await cluster.delete(object, addressOfId(kind, old.id), timeout(object, work), talk(context, patienceMs));
      } catch (error) {
        if (!(error instanceof Unreachable) || !settings.deleteUnreachable) throw error;
        cluster.lost = true;
        context.log.warning(`${error.message}: dropped from the state, as \`deleteUnreachable\` asks`);
      }
    },
  };
}

/** Waits for an applied object. From here on a failure leaves it in the state, to be mended by the next run. */
async function settled(
  cluster: Cluster,
  id: string,
  live: Properties,
  inputs: Properties,
  address: Address,
  work: Work,
  context: Context,
): Promise<Properties> {
  if (annotation(live, "skipAwait") === "true") return sealed(pruned(live), inputs);
  try {
    const ready = await cluster.waitUntilReady(address, timeout(live, work), talk(context));
    return sealed(pruned(ready), inputs);
  } catch (error) {
    const reason = new Redactor(inputs, []).redact((error as Error).message);
    throw new NotReady(id, sealed(pruned(live), inputs), inputs, [`${address.kind.kind} ${id}: ${reason}`]);
  }
}

/** The API server's errors may quote what it was given. */
async function guarded<T>(inputs: Properties, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof NotReady) throw error;
    throw new Error(new Redactor(inputs, []).redact(error instanceof Error ? error.message : String(error)));
  }
}

function autonamed(inputs: Properties, olds: Properties, context: Context): Properties {
  const given = inputs.metadata ?? {};
  if (!isObject(given) || given.name !== undefined) return inputs;
  const name = named(olds, "name") ?? `${context.name}-${randomBytes(4).toString("hex")}`.toLowerCase();
  const annotations = isObject(given.annotations ?? {}) ? given.annotations : {};
  const marked = { ...(annotations as Properties | undefined), "pulumi.com/autonamed": "true" };
  return { ...inputs, metadata: { ...given, name, annotations: marked } };
}

/** What a preview shows: the inputs, and unknown what only the cluster can say. */
function foreseen(inputs: Properties, old?: Properties): Properties {
  const given = inputs.metadata ?? {};
  if (!isObject(given)) return { ...inputs, status: unknown };
  const before: Properties = old === undefined ? {} : metadata(old);
  const server: Properties = { resourceVersion: unknown, generation: unknown };
  for (const field of ["namespace", "uid", "creationTimestamp"]) server[field] = before[field] ?? unknown;
  return { ...inputs, metadata: { ...server, ...given }, status: unknown };
}

function addressOf(kind: Kind, object: Properties): Address {
  const name = named(object, "name");
  if (name === undefined) throw new Error("metadata.name must be a text; `generateName` is not covered");
  return { kind, namespace: named(object, "namespace"), name };
}

/** An ID is `namespace/name`, or `name` outside namespaces. */
function addressOfId(kind: Kind, id: string): Address {
  const [first, second] = id.split("/");
  return second === undefined
    ? { kind, namespace: undefined, name: String(first) }
    : { kind, namespace: first, name: second };
}

function idOf(live: Properties): string {
  const namespace = named(live, "namespace");
  return namespace === undefined ? String(named(live, "name")) : `${namespace}/${named(live, "name")}`;
}

function timeout(object: Properties, work: Work): number {
  const seconds = Number(annotation(object, "timeoutSeconds"));
  return work.timeoutMs ?? (seconds > 0 ? seconds * 1000 : defaultTimeoutMs);
}

function existsAlready(address: Address): Error {
  const id = [address.namespace, address.name].filter((part) => part !== undefined).join("/");
  return new Error(
    `${address.kind.kind} ${id} exists already. Import it with \`pulumi import\`, delete it, or let the provider take over what exists with \`upsertExistingObjects: true\`.`,
  );
}
