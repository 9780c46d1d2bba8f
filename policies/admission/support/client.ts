import { Agent, request } from "node:https";

export type Manifest = Record<string, unknown>;

export interface Answer {
  status: number;
  /** The object, or a `Status` with the reason. */
  body: Manifest;
  /** The texts of the `Warning` headers. */
  warnings: string[];
}

interface Resource {
  name: string;
  namespaced: boolean;
}

/** Speaks to one API server: just enough to make objects and to read warnings. */
export class Client {
  private readonly agent: Agent;
  private readonly served = new Map<string, Promise<Map<string, Resource>>>();

  constructor(
    private readonly port: number,
    private readonly token: string,
    private readonly ca: string,
    /** Asked for as another account: `Impersonate-User` and its like. */
    private readonly acting: Readonly<Record<string, string | string[]>> = {},
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: 8, ca });
  }

  /** The same server, asked as a service account. Close it too. */
  as(namespace: string, name: string): Client {
    const user = `system:serviceaccount:${namespace}:${name}`;
    return this.asUser(user, ["system:serviceaccounts", `system:serviceaccounts:${namespace}`]);
  }

  /** The same server, asked as somebody who has logged in. Close it too. */
  asUser(user: string, groups: readonly string[] = []): Client {
    const acting = { "impersonate-user": user, "impersonate-group": [...groups, "system:authenticated"] };
    return new Client(this.port, this.token, this.ca, acting);
  }

  close(): void {
    this.agent.destroy();
  }

  async ready(): Promise<boolean> {
    try {
      return (await this.send("GET", "/readyz")).status === 200;
    } catch {
      return false;
    }
  }

  /** Where objects of a kind are, or why the server has none. */
  async pathOf(object: Manifest): Promise<{ collection: string; namespaced: boolean } | { why: string }> {
    const { apiVersion, kind } = object;
    const root = `${String(apiVersion).includes("/") ? "/apis" : "/api"}/${apiVersion}`;
    const resource = (await this.resources(root)).get(String(kind));
    if (!resource) return { why: `the API server does not serve ${apiVersion} ${kind}` };
    const { namespace = "default" } = (object.metadata ?? {}) as { namespace?: string };
    const scope = resource.namespaced ? `/namespaces/${namespace}` : "";
    return { collection: `${root}${scope}/${resource.name}`, namespaced: resource.namespaced };
  }

  /** Makes an object, or with `dryRun` has it judged as if. */
  async create(object: Manifest, options: { dryRun?: boolean } = {}): Promise<Answer> {
    const path = await this.pathOf(object);
    if ("why" in path) throw new Error(path.why);
    return this.send("POST", path.collection + (options.dryRun ? "?dryRun=All" : ""), object);
  }

  /** Has an object judged: as a new one, or as a change of the one that is there. Nothing is kept. */
  async apply(object: Manifest): Promise<Answer> {
    const answer = await this.create(object, { dryRun: true });
    const path = await this.pathOf(object);
    if (answer.status !== 409 || "why" in path) return answer;
    const { name } = object.metadata as { name: string };
    return this.send("PUT", `${path.collection}/${name}?dryRun=All`, object);
  }

  /** @throws with the server's words, unless the object was made or stands there already */
  async mustCreate(object: Manifest): Promise<Manifest> {
    const { status, body } = await this.create(object);
    const { name } = object.metadata as { name: string };
    if (status >= 300 && status !== 409) throw new Error(`${object.kind} ${name}: ${status} ${body.message}`);
    return body;
  }

  /** Forgets which kinds there are: a definition of a new one was made. */
  forgetKinds(): void {
    this.served.clear();
  }

  private resources(root: string): Promise<Map<string, Resource>> {
    const known = this.served.get(root);
    if (known) return known;
    const asked = this.send("GET", root).then(({ status, body }) => {
      const list = status === 200 ? (body.resources as (Resource & { kind: string })[]) : [];
      return new Map(list.filter(({ name }) => !name.includes("/")).map((resource) => [resource.kind, resource]));
    });
    this.served.set(root, asked);
    return asked;
  }

  send(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          port: this.port,
          agent: this.agent,
          method,
          path,
          timeout: 30_000,
          headers: {
            ...this.acting,
            authorization: `Bearer ${this.token}`,
            ...(text && { "content-type": contentType }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              body: parse(Buffer.concat(chunks).toString("utf8")),
              warnings: warningsIn(response.rawHeaders),
            }),
          );
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path} within 30 s`)));
      sent.on("error", reject);
      sent.end(text);
    });
  }
}

function parse(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return { message: text };
  }
}

/** `299 - "text"`, with quotes and backslashes escaped; Node reads header bytes as Latin-1. */
function warningsIn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, index) => {
    if (index % 2 !== 0 || name.toLowerCase() !== "warning") return [];
    const value = Buffer.from(rawHeaders[index + 1] ?? "", "latin1").toString("utf8");
    const quoted = /^\d+ \S+ "((?:[^"\\]|\\.)*)"/s.exec(value)?.[1];
    return quoted === undefined ? [] : [quoted.replace(/\\(.)/g, "$1")];
  });
}
