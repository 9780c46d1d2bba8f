import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { GitHost } from "./deploy-key";

export interface HeldKey {
  id: number;
  title: string;
  key: string;
  readOnly: boolean;
}

/** What a Git host's API documentation says of it. */
interface Dialect {
  project: number | string;
  path: string;
  /** Header and value by which it knows a token. */
  authorization: (token: string) => [header: string, value: string];
  /** Query parameter of the page's size, the size without it, and the largest there is. */
  page: [parameter: string, size: number, most: number];
  shown: (key: HeldKey) => object;
  /** Whether a body asks for a key without the right to push. */
  readOnly: (body: Record<string, unknown>) => boolean;
  /** The answer to a key that cannot be taken, for a reason of its own words. */
  refusal: Refusal;
  titlesAreUnique: boolean;
  /** Headers without which it refuses a request. */
  required: string[];
}

type Refusal = (reason: "key" | "title") => Answer;

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Text is sent as it is, all else as JSON. */
  body?: unknown;
}

/** Answers in the place of the double where it returns something. */
export type Fault = (request: {
  method: string;
  id: string | undefined;
  headers: IncomingMessage["headers"];
}) => Answer | undefined;

export const dialects: Record<GitHost["kind"], Dialect> = {
  // https://docs.gitlab.com/api/deploy_keys/, https://docs.gitlab.com/api/rest/#pagination
  gitlab: {
    project: 7,
    path: "/api/v4/projects/7/deploy_keys",
    authorization: (token) => ["private-token", token],
    page: ["per_page", 20, 100],
    shown: ({ readOnly, ...key }) => ({
      ...key,
      created_at: "2026-01-01T00:00:00Z",
      expires_at: null,
      can_push: !readOnly,
    }),
    readOnly: (body) => body.can_push !== true,
    refusal: () => ({
      status: 400,
      body: { message: { "deploy_key.fingerprint_sha256": ["has already been taken"] } },
    }),
    titlesAreUnique: false,
    required: [],
  },
  // The API documentation that Gitea serves at /api/swagger; MAX_RESPONSE_ITEMS is 50. Its list of deploy keys has no Link.
  gitea: {
    project: "platform/config",
    path: "/api/v1/repos/platform/config/keys",
    authorization: (token) => ["authorization", `token ${token}`],
    page: ["limit", 30, 50],
    shown: ({ readOnly, ...key }) => ({ ...key, key_id: key.id, fingerprint: "SHA256:a", read_only: readOnly }),
    readOnly: (body) => body.read_only === true,
    refusal: (reason) => ({
      status: 422,
      body: {
        message:
          reason === "key" ? "Key content has been used as non-deploy key" : "A key with the same name already exists",
        url: "https://gitea.example.no/api/swagger",
      },
    }),
    titlesAreUnique: true,
    required: [],
  },
  // https://docs.github.com/en/rest/deploy-keys/deploy-keys
  github: {
    project: "platform/config",
    path: "/repos/platform/config/keys",
    authorization: (token) => ["authorization", `Bearer ${token}`],
    page: ["per_page", 30, 100],
    shown: ({ readOnly, ...key }) => ({ ...key, verified: true, enabled: true, read_only: readOnly }),
    readOnly: (body) => body.read_only === true,
    refusal: () => ({
      status: 422,
      body: {
        message: "Validation Failed",
        errors: [{ resource: "PublicKey", code: "custom", field: "key", message: "key is already in use" }],
        documentation_url: "https://docs.github.com/rest/deploy-keys/deploy-keys#create-a-deploy-key",
        status: "422",
      },
    }),
    titlesAreUnique: false,
    required: ["user-agent", "x-github-api-version"],
  },
};

/** A Git host with the deploy keys of one repository. */
export class GitHostDouble {
  held: HeldKey[] = [];
  /** Keys that are registered elsewhere at the host. */
  elsewhere: string[] = [];
  token = "";
  /** The methods of the requests that changed something. */
  changes: string[] = [];
  fault: Fault = () => undefined;
  readonly dialect: Dialect;
  private readonly server: Server;
  private next = 1000;

  constructor(readonly kind: GitHost["kind"]) {
    this.dialect = dialects[kind];
    this.server = createServer(async (request, response) => send(response, await this.answer(request)));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.server.close();
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const { dialect } = this;
    const { method = "", headers } = request;
    const { pathname, searchParams } = new URL(request.url ?? "", "http://double");
    assert.ok(pathname === dialect.path || pathname.startsWith(`${dialect.path}/`), `${method} ${pathname}`);
    const id = pathname.slice(dialect.path.length + 1) || undefined;
    const broken = this.fault({ method, id, headers });
    if (broken) return broken;
    const [header, value] = dialect.authorization(this.token);
    if (headers[header] !== value) return { status: 401, body: { message: "Unauthorized" } };
    for (const name of dialect.required) if (!headers[name]) return { status: 403, body: { message: `no ${name}` } };
    if (method === "GET") return this.page(searchParams);
    this.changes.push(method);
    return method === "DELETE"
      ? this.remove(Number(id))
      : this.create((await json(request)) as Record<string, unknown>);
  }

  private page(query: URLSearchParams): Answer {
    const [parameter, size, most] = this.dialect.page;
    const count = Math.min(Number(query.get(parameter) ?? size), most);
    const start = (Number(query.get("page") ?? 1) - 1) * count;
    return { status: 200, body: this.held.slice(start, start + count).map(this.dialect.shown) };
  }

  private remove(id: number): Answer {
    const there = this.held.some((key) => key.id === id);
    this.held = this.held.filter((key) => key.id !== id);
    return there ? { status: 204 } : { status: 404, body: { message: "404 Not Found" } };
  }

  private create(body: Record<string, unknown>): Answer {
    const { title, key } = body as { title: string; key: string };
    const taken = [...this.elsewhere, ...this.held.map((other) => other.key.split(" ").slice(0, 2).join(" "))];
    if (taken.includes(key)) return this.dialect.refusal("key");
    if (this.dialect.titlesAreUnique && this.held.some((other) => other.title === title)) {
      return this.dialect.refusal("title");
    }
    const made = { id: this.next++, title, key, readOnly: this.dialect.readOnly(body) };
    this.held.push(made);
    return { status: 201, body: this.dialect.shown(made) };
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}
