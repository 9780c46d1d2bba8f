import assert from "node:assert/strict";
import { test } from "node:test";
import { withKubectl } from "../fake-kubectl";

const PATH = "agent/scripts/first-sync.sh";

/** A kubectl that gives the answers in turn and then the last one again; all workloads are ready. */
function answers(...lines: string[]): string {
  const cases = lines.map((line, i) => `${i === lines.length - 1 ? "*" : i}) echo '${line}' ;;`).join("\n");
  return `case "$*" in *deployments*) exit 0 ;; esac
n=$(cat "$folder/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$folder/n"
case $n in
${cases}
esac`;
}

test("what the old source left does not pass for the new one's first sync", async () => {
  const kubectl = answers(
    "2=1 1=1|main@old|main@old|True: Applied", // the new source is not fetched yet
    "2=2 2=1|main@same|main@same|True: Applied", // fetched; another path of it is not applied yet
    "2=2 2=2|main@new|main@same|Unknown: applying",
    "2=2 2=2|main@new|main@new|True: Applied",
  );
  const { status, stdout, stderr } = await withKubectl(PATH, kubectl, { environment: { SYNC_SECONDS: "20" } });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /applied main@new$/m);
  assert.doesNotMatch(stdout, /applied main@(old|same)/);
});

test("a source that never succeeds is told with what it said", async () => {
  const { status, stderr } = await withKubectl(PATH, answers("2=1 1=1|main@old|main@old|False: no such branch"), {
    environment: { SYNC_SECONDS: "1" },
  });
  assert.equal(status, 1);
  assert.match(stderr, /does not run within 1 s.*no such branch/);
});
