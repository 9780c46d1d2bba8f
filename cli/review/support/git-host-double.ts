import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { TestContext } from "node:test";
import type { Access } from "../git-host";

export interface Said {
  id: number;
  number: number;
  who: string;
  body: string;
}

const GITEA = {
  api: "/api/v1",
  repository: "platform/infra",
  project: "/api/v1/repos/platform/infra",
  open: "/pulls",
  comments: /^\/issues\/(?:(\d+)\/comments|comments\/(\d+))$/,
  proposal: (number: number, branch: string) => ({ number, base: { ref: branch } }),
  comment: ({ id, who, body }: Said) => ({ id, body, user: { login: who } }),
  user: (who: string) => ({ login: who }),
  edit: "PATCH",
  authorization: (token: string) => ["authorization", `token ${token}`],
} as const;

/** How each host shows a proposal and a comment, as its API documentation has it. */
const SHOWN = {
  gitlab: {
    api: "/api/v4",
    repository: "7",
    project: "/api/v4/projects/7",
    open: "/merge_requests",
    comments: /^\/merge_requests\/(\d+)\/notes(?:\/(\d+))?$/,
    proposal: (number: number, branch: string) => ({ iid: number, id: number + 1000, target_branch: branch }),
    comment: ({ id, who, body }: Said) => ({ id, body, author: { username: who } }),
    user: (who: string) => ({ username: who }),
    edit: "PUT",
    authorization: (token: string) => ["private-token", token],
  },
  gitea: GITEA,
  github: {
    ...GITEA,
    api: "",
    project: "/repos/platform/infra",
    authorization: (token: string) => ["authorization", `Bearer ${token}`],
  },
} as const;

export interface Double {
  access: Access;
  proposals: { number: number; branch: string }[];
  said: Said[];
  /** Who the token is; undefined where the host does not tell its pipelines. */
  who: string | undefined;
  /** Answers that nobody asked for. */
  fault: { status: number; text: string } | undefined;
}

/** A Git host's proposals and comments, on the loopback. */
export async function gitHostDouble(t: Pick<TestContext, "after">, kind: Access["kind"]): Promise<Double> {
  const shown = SHOWN[kind];
  const token = `token-of-${kind}`;
  const [header, value] = shown.authorization(token);
  const show: (one: Said) => object = shown.comment;
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  const pipeline = { gitlab: "bot", gitea: "gitea-actions", github: "github-actions[bot]" }[kind];

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (double.fault) return { status: double.fault.status, body: { message: double.fault.text } };
    if (request.headers[header ?? ""] !== value) return { status: 401, body: { message: "401 Unauthorized" } };
    const url = new URL(request.url ?? "", "http://double");
    const me = double.who ?? pipeline;
    if (url.pathname === `${shown.api}/user`) {
      return double.who
        ? { status: 200, body: shown.user(me) }
        : { status: 403, body: { message: "not for pipelines" } };
    }
    const path = url.pathname.slice(shown.project.length);
    // Two at a time, whatever is asked for: a host has its own limit.
    const page = <T>(all: T[]): T[] => {
      const at = (Number(url.searchParams.get("page") ?? "1") - 1) * 2;
      return all.slice(at, at + 2);
    };
    if (path === shown.open) {
      const wanted = url.searchParams.get("target_branch") ?? url.searchParams.get("base");
      const all = double.proposals.filter(({ branch }) => !wanted || branch === wanted);
      return { status: 200, body: page(all).map(({ number, branch }) => shown.proposal(number, branch)) };
    }
    const found = shown.comments.exec(path);
    if (!found) return { status: 404, body: { message: `nothing at ${path}` } };
    const [, number, id] = found;
    if (request.method === "GET") {
      return { status: 200, body: page(double.said.filter((one) => one.number === Number(number))).map(show) };
    }
    const { body } = (await json(request)) as { body: string };
    if (request.method === "POST") {
      double.said.push({ id: double.said.length + 1, number: Number(number), who: me, body });
      return { status: 201, body: {} };
    }
    const comment = double.said.find((one) => one.id === Number(id));
    if (request.method !== shown.edit || !comment) return { status: 404, body: { message: "no such comment" } };
    comment.body = body;
    return { status: 200, body: {} };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const double: Double = {
    access: { kind, api: `http://127.0.0.1:${port}${shown.api}`, repository: shown.repository, token },
    proposals: [],
    said: [],
    who: "reviewer",
    fault: undefined,
  };
  return double;
}
