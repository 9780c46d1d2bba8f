import { UserError } from "../terminal/user-error";

/** A merge request, or a pull request: a change that somebody proposes. */
export interface Proposal {
  number: number;
  /** The Git reference at which the host shows its last commit. */
  ref: string;
}

export interface Access {
  kind: "gitlab" | "gitea" | "github";
  /** Address of the API, such as https://gitlab.example.no/api/v4. */
  api: string;
  /** GitLab's ID of the project, or `owner/name`. */
  repository: string;
  token: string;
}

interface Dialect {
  authorization(token: string): Record<string, string>;
  /** Paths below the API; those of lists take `page`. */
  open(repository: string, branch: string): string;
  ref(number: number): string;
  comments(repository: string, number: number): string;
  comment(repository: string, number: number, id: number): string;
  edit: "PUT" | "PATCH";
  /** Who the token of the host's own pipelines is, where it may not ask. */
  pipeline?: string[];
}

const pulls = (repository: string) => `repos/${repository}`;

const DIALECTS: Record<Access["kind"], Dialect> = {
  // https://docs.gitlab.com/api/merge_requests/, https://docs.gitlab.com/api/notes/
  gitlab: {
    authorization: (token) => ({ "private-token": token }),
    open: (project, branch) =>
      `projects/${encodeURIComponent(project)}/merge_requests?state=opened&target_branch=${encodeURIComponent(branch)}&per_page=100`,
    ref: (number) => `refs/merge-requests/${number}/head`,
    comments: (project, number) =>
      `projects/${encodeURIComponent(project)}/merge_requests/${number}/notes?per_page=100`,
    comment: (project, number, id) => `projects/${encodeURIComponent(project)}/merge_requests/${number}/notes/${id}`,
    edit: "PUT",
  },
  // Gitea's and Forgejo's /api/swagger. Their list of pull requests is of all branches, and has 50 at most.
  gitea: {
    authorization: (token) => ({ authorization: `token ${token}` }),
    open: (repository) => `${pulls(repository)}/pulls?state=open&limit=50`,
    ref: (number) => `refs/pull/${number}/head`,
    comments: (repository, number) => `${pulls(repository)}/issues/${number}/comments?limit=50`,
    comment: (repository, _, id) => `${pulls(repository)}/issues/comments/${id}`,
    edit: "PATCH",
    pipeline: ["forgejo-actions", "gitea-actions"],
  },
  // https://docs.github.com/en/rest/pulls/pulls, https://docs.github.com/en/rest/issues/comments
  github: {
    authorization: (token) => ({ authorization: `Bearer ${token}`, "x-github-api-version": "2022-11-28" }),
    open: (repository, branch) =>
      `${pulls(repository)}/pulls?state=open&base=${encodeURIComponent(branch)}&per_page=100`,
    ref: (number) => `refs/pull/${number}/head`,
    comments: (repository, number) => `${pulls(repository)}/issues/${number}/comments?per_page=100`,
    comment: (repository, _, id) => `${pulls(repository)}/issues/comments/${id}`,
    edit: "PATCH",
    pipeline: ["github-actions[bot]"],
  },
};

interface Listed {
  number?: number;
  iid?: number;
  base?: { ref?: string };
}

interface Comment {
  id: number;
  body?: string;
  user?: { login?: string };
  author?: { username?: string };
}

/** The comments that a run made before, and where the next one goes. */
export interface Own {
  id: number;
  body: string;
}

const LIMIT_MS = 60_000;
const MOST_PAGES = 50;

/** A Git host's proposals and the comments on them. No error names the token, and no redirection is followed with it. */
export class GitHost {
  private readonly dialect: Dialect;
  private names: Promise<string[]> | undefined;

  /** @throws UserError where the token would go over the network in the clear */
  constructor(private readonly access: Access) {
    this.dialect = DIALECTS[access.kind];
    const { protocol, hostname } = new URL(access.api);
    if (protocol !== "https:" && !/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname)) {
      throw new UserError(`${access.api}: the token goes there, so its address must begin with https://`);
    }
  }

  /** Proposals for that branch which are open. */
  async open(branch: string): Promise<Proposal[]> {
    const found = await this.pages<Listed>(this.dialect.open(this.access.repository, branch));
    return found
      .filter(({ base }) => base?.ref === undefined || base.ref === branch)
      .map(({ number, iid }) => this.proposal(number ?? iid ?? 0));
  }

  proposal(number: number): Proposal {
    return { number, ref: this.dialect.ref(number) };
  }

  /** The comment by whoever holds this token that begins with `mark`. Somebody else's that does is not ours to believe. */
  async own(number: number, mark: string): Promise<Own | undefined> {
    this.names ??= this.ownNames();
    const names = await this.names;
    const all = await this.pages<Comment>(this.dialect.comments(this.access.repository, number));
    const found = all.find(
      ({ body, user, author }) => body?.startsWith(mark) && names.includes(user?.login ?? author?.username ?? ""),
    );
    return found && { id: found.id, body: found.body ?? "" };
  }

  /** Puts `body` in the place of a comment of ours, or beside all others where there is none yet. */
  async say(number: number, body: string, before: Own | undefined): Promise<void> {
    const { comment, comments, edit } = this.dialect;
    if (before) await this.ask(edit, comment(this.access.repository, number, before.id), { body });
    else await this.ask("POST", comments(this.access.repository, number).replace(/\?.*/, ""), { body });
  }

  private async ownNames(): Promise<string[]> {
    const answer = await this.fetched("GET", "user");
    if (answer.ok) {
      const { login, username } = (await answer.json()) as { login?: string; username?: string };
      return [login ?? username ?? ""].filter(Boolean);
    }
    if (this.dialect.pipeline && [401, 403, 404].includes(answer.status)) return this.dialect.pipeline;
    throw await this.failure("GET", "user", answer);
  }

  private async pages<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    for (let page = 1; page <= MOST_PAGES; page++) {
      const answer = await this.ask("GET", `${path}&page=${page}`);
      const some = (await answer.json()) as T[];
      all.push(...some);
      // A host may give fewer at once than it was asked for, and says nothing of it on the way.
      if (some.length === 0) return all;
    }
    throw new UserError(`${this.access.api}: more than ${MOST_PAGES} pages at ${path}`);
  }

  private async ask(method: string, path: string, body?: object): Promise<Response> {
    const answer = await this.fetched(method, path, body);
    if (!answer.ok) throw await this.failure(method, path, answer);
    return answer;
  }

  private async failure(method: string, path: string, answer: Response): Promise<UserError> {
    const why = (await answer.text()).replaceAll(this.access.token, "…").replace(/\s+/g, " ").slice(0, 200);
    const hint =
      answer.status === 401 || answer.status === 403
        ? " Give GRUNNMUR_REVIEW_TOKEN a token that may read proposals and comment on them."
        : "";
    return new UserError(`${method} ${this.access.api}/${path.replace(/\?.*/, "")}: ${answer.status} ${why}${hint}`);
  }

  private async fetched(method: string, path: string, body?: object): Promise<Response> {
    const url = `${this.access.api.replace(/\/$/, "")}/${path}`;
    try {
      return await fetch(url, {
        method,
        headers: {
          ...this.dialect.authorization(this.access.token),
          accept: "application/json",
          ...(body ? { "content-type": "application/json" } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        redirect: "error",
        signal: AbortSignal.timeout(LIMIT_MS),
      });
    } catch (error) {
      const { cause, message } = error as Error & { cause?: Error };
      throw new UserError(`${method} ${url.replace(/\?.*/, "")}: ${cause?.message ?? message}`);
    }
  }
}
