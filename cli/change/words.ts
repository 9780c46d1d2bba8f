import { type Cause, type Commit, nameOf } from "./cause";
import type { Change } from "./change";

const short = (sha: string | null): string => sha?.slice(0, 8) ?? "an unknown commit";

const said = ({ sha, subject, author }: Commit): string => `${short(sha)} "${subject}" by ${author}`;

/** `refused: Deployment production/shop, clusters/prod/shop.yaml:12, commit 1a2b3c4d "…" by …: what was said`. */
export function lineOf({ stage, object, file, line, commit, detail }: Cause): string {
  const where = [
    ...(object ? [nameOf(object)] : []),
    ...(file === null ? [] : [line === null ? file : `${file}:${line}`]),
    ...(commit ? [`commit ${said(commit)}`] : []),
  ];
  return `${stage}${where.length > 0 ? `: ${where.join(", ")}` : ""}: ${detail}`;
}

/** In one line: what is live of what is in Git. */
export function summary({ state, head, fetched, applied, commit, causes, unread }: Change): string {
  const what = commit ? said(commit) : short(head ?? fetched);
  const sight = unread === null ? "" : `; Git itself could not be read from here: ${unread}`;
  switch (state) {
    case "live":
      return `${what} is live`;
    case "stopped":
      return `${what} is not live as a whole: ${causes.length} ${causes.length === 1 ? "thing stands" : "things stand"} in its way${sight}`;
    case "under way":
      if (head !== null && head !== fetched)
        return `${what} is in Git, and not fetched yet; the cluster runs ${short(applied)}`;
      if (fetched !== applied) return `${what} is fetched, and not applied yet; the cluster runs ${short(applied)}`;
      return `${what} is applied, and not all of its pods are ready yet${sight}`;
    default:
      return `${short(applied)} is applied${sight}`;
  }
}
