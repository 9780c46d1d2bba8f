import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Stage } from "../../cli/change/cause";
import type { Outputs } from "../../cli/pulumi/outputs";
import type { Report } from "../../cli/status/report";
import { printed } from "../../cli/verbs/support/printed";
import { type Clone, withClone } from "./git";
import { until } from "./poll";
import { grunnmur, must } from "./user";

/** A commit that breaks something, and what is to be said of it. */
export interface Broken {
  what: string;
  /** New contents of files below `clusters/local`, from what is there. */
  edit(read: (path: string) => string): Record<string, string>;
  /** Encrypts files of the clone with the cluster's key before they are committed. */
  encrypt?: string;
  stage: Stage;
  object: string | null;
  file: string;
  /** What stands on the line that is named; absent where no line is. */
  line?: RegExp;
  detail: RegExp;
  log?: RegExp;
}

const SERVICE = "production/payment-service";
const DEPLOYMENT = `${SERVICE}/deployment.yaml`;
const ITSELF = "Deployment production/payment-service";

const swapped = (text: string, from: string | RegExp, to: string | ((...found: string[]) => string)): string => {
  const changed = typeof to === "string" ? text.replace(from, to) : text.replace(from, to);
  assert.notEqual(changed, text, `nothing to break: ${from}`);
  return changed;
};
const deployment =
  (from: string | RegExp, to: string): Broken["edit"] =>
  (read) => ({ [DEPLOYMENT]: swapped(read(DEPLOYMENT), from, to) });
const listed =
  (name: string, content: string): Broken["edit"] =>
  (read) => ({
    [`production/${name}`]: content,
    "production/kustomization.yaml": swapped(
      read("production/kustomization.yaml"),
      "resources:\n",
      `resources:\n  - ${name}\n`,
    ),
  });

const configMap = (namespace: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: ${namespace}\ndata: {}\n`;
const SECRET = `apiVersion: v1
kind: Secret
metadata:
  name: database
  namespace: production
stringData:
  password: precious
`;

/** Each by itself, on an environment whose Git is as the first commit left it. */
export const BROKEN: Broken[] = [
  {
    what: "YAML that cannot be read",
    edit: () => ({ [`${SERVICE}/service.yaml`]: "apiVersion: v1\nkind: Service\nmetadata: {name: x\nspec: {}\n" }),
    ...{ stage: "not built", object: null, file: `${SERVICE}/service.yaml`, detail: /did not find expected|yaml/i },
  },
  {
    what: "a kind that the cluster does not know",
    edit: listed(
      "widget.yaml",
      "apiVersion: example.no/v1\nkind: Widget\nmetadata:\n  name: it\n  namespace: production\n",
    ),
    ...{
      stage: "refused",
      object: "Widget production/it",
      file: "production/widget.yaml",
      detail: /no matches for kind/,
    },
  },
  {
    what: "a namespace that is not there",
    edit: listed("settings.yaml", configMap("nowhere")),
    ...{
      stage: "refused",
      object: "ConfigMap nowhere/settings",
      file: "production/settings.yaml",
      detail: /"nowhere" not found/,
    },
  },
  {
    what: "an image that the registry does not have",
    edit: deployment(/(image: \S+:)[0-9a-f]{40}/, `$1${"f".repeat(40)}`),
    ...{ stage: "not pulled", object: ITSELF, file: DEPLOYMENT, line: /image: .*f{40}/, detail: /f{40}.*not found/ },
  },
  {
    what: "an image from another registry",
    edit: deployment(/image: \S+/, `image: docker.io/library/nginx:${"e".repeat(40)}`),
    ...{
      stage: "refused",
      object: ITSELF,
      file: DEPLOYMENT,
      line: /image: docker/,
      detail: /image-from-stack-registry.*docker\.io/,
    },
  },
  {
    what: "no limits",
    edit: deployment(/ {12}limits:\n( {14}.*\n)+/, ""),
    ...{ stage: "refused", object: ITSELF, file: DEPLOYMENT, detail: /limit/ },
  },
  {
    what: "more than the namespace's quota",
    edit: deployment("replicas: 3", "replicas: 20"),
    ...{ stage: "refused", object: ITSELF, file: DEPLOYMENT, detail: /exceeded quota: production/ },
  },
  {
    what: "a request that is larger than a node",
    edit: (read) => ({
      [DEPLOYMENT]: swapped(swapped(read(DEPLOYMENT), "cpu: 250m", 'cpu: "8"'), "cpu: 500m", 'cpu: "8"'),
      "production/limit-range.yaml": swapped(read("production/limit-range.yaml"), 'cpu: "1"', 'cpu: "8"'),
      "production/resource-quota.yaml": swapped(
        swapped(read("production/resource-quota.yaml"), 'requests.cpu: "2"', 'requests.cpu: "20"'),
        'limits.cpu: "4"',
        'limits.cpu: "20"',
      ),
    }),
    ...{ stage: "not scheduled", object: ITSELF, file: DEPLOYMENT, detail: /Insufficient cpu/ },
  },
  {
    what: "a program that ends as it starts",
    // Two of it in one pod want the same port.
    edit: (read) => {
      const text = read(DEPLOYMENT);
      const image = /image: (\S+)/.exec(text)?.[1];
      const twin = `        - name: twin
          image: ${image}
          resources: { requests: { cpu: 100m, memory: 64Mi, ephemeral-storage: 32Mi }, limits: { cpu: 200m, memory: 64Mi, ephemeral-storage: 32Mi } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
`;
      return { [DEPLOYMENT]: `${text.trimEnd()}\n${twin}` };
    },
    ...{
      stage: "crashes",
      object: ITSELF,
      file: DEPLOYMENT,
      line: /name: twin/,
      detail: /container twin ends.*exit code 1/,
    },
    log: /address already in use/,
  },
  {
    what: "a probe that never passes",
    edit: deployment(/(readinessProbe:\n\s+httpGet:\n\s+path: )\/healthz/, "$1/nothing"),
    ...{ stage: "not ready", object: ITSELF, file: DEPLOYMENT, line: /readinessProbe/, detail: /GET \/nothing.*404/ },
  },
  {
    what: "a Secret that cannot be decrypted",
    edit: listed("database.yaml", SECRET),
    encrypt: "production/database.yaml",
    ...{
      stage: "not built",
      object: "Secret database",
      file: "production/database.yaml",
      detail: /decrypt|mac|data key/i,
    },
  },
  {
    what: "a Secret that is missing",
    edit: deployment("          ports:", "          envFrom: [{ secretRef: { name: absent } }]\n          ports:"),
    ...{ stage: "not started", object: ITSELF, file: DEPLOYMENT, detail: /secret "absent" not found/ },
  },
  {
    what: "a field that may not change",
    edit: (read) => ({ [DEPLOYMENT]: read(DEPLOYMENT).replaceAll("      app: payment\n", "      app: payments\n") }),
    ...{ stage: "refused", object: ITSELF, file: DEPLOYMENT, detail: /field is immutable/ },
  },
];

/** Pushes one, waits until `status` names commit, file, object and cause, and takes it back. @returns seconds of `doctor` */
export async function toldAndTakenBack(broken: Broken, outputs: Outputs): Promise<{ known: number; doctor: number }> {
  let known = 0;
  let doctor = 0;
  await withClone(outputs, async (clone) => {
    await breakIt(clone, broken);
    const sha = (await must(clone.git("rev-parse", "HEAD"))).stdout.trim();
    known = await until(`status that names ${broken.what}`, 300, async () => {
      const { stdout } = await grunnmur(["status", "--json"]);
      told(printed("status", stdout), broken, sha, clone.directory);
      return true;
    });
    const asked = await grunnmur(["doctor"]);
    doctor = asked.seconds;
    assert.equal(asked.code, 1, asked.stdout);
    assert.match(asked.stdout, broken.detail);
    assert.ok(asked.stdout.includes(`clusters/local/${broken.file}`), asked.stdout);
    if (broken.log) assert.match(asked.stdout, broken.log);
    await must(clone.git("revert", "--no-edit", "HEAD"));
    await must(clone.git("push", "-q"));
  });
  return { known, doctor };
}

async function breakIt({ directory, git }: Clone, { what, edit, encrypt }: Broken): Promise<void> {
  const root = join(directory, "clusters", "local");
  for (const [path, text] of Object.entries(edit((path) => readFileSync(join(root, path), "utf8")))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  if (encrypt !== undefined) {
    const file = join(root, encrypt);
    await must(grunnmur(["sops", "encrypt", "--in-place", file]));
    // The same length and alphabet, and no longer what was encrypted.
    const text = readFileSync(file, "utf8");
    writeFileSync(
      file,
      swapped(
        text,
        /(password: ENC\[AES256_GCM,data:)(.)/,
        (_ = "", head = "", first = "") => head + (first === "A" ? "B" : "A"),
      ),
    );
  }
  await must(git("add", "-A"));
  await must(git("commit", "-qm", `Try ${what}`));
  await must(git("push", "-q"));
}

/** @throws where the report does not say it */
function told({ change }: Report, broken: Broken, sha: string, clone: string): void {
  const { stage, object, file, line, detail } = broken;
  const path = `clusters/local/${file}`;
  const causes = change?.causes ?? [];
  const cause = causes.find((one) => one.stage === stage && one.file === path);
  assert.ok(cause, `no cause "${stage}" in ${path}: ${JSON.stringify(change)}`);
  const name =
    cause.object &&
    `${cause.object.kind} ${cause.object.namespace ? `${cause.object.namespace}/` : ""}${cause.object.name}`;
  assert.deepEqual([name, cause.commit?.sha], [object, sha]);
  assert.match(cause.detail, detail);
  const written =
    cause.line === null ? "" : (readFileSync(join(clone, path), "utf8").split("\n")[cause.line - 1] ?? "");
  if (line) assert.match(written, line);
  assert.equal(change?.state, "stopped");
}
