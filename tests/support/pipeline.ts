import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Outputs } from "../../cli/pulumi/outputs";
import { withClone, withGit } from "./git";
import { until } from "./poll";
import { grunnmur, must, repository, type } from "./user";

const ofCi = z.object({
  registry: z.object({ host: z.string(), reach: z.string(), caPem: z.string() }),
  registryCi: z.object({ username: z.string(), password: z.string() }),
  personKey: z.string(),
});

const pipeline = z.object({
  test: z.object({ script: z.array(z.string()) }),
  image: z.object({ script: z.array(z.string()) }),
  propose: z.object({ script: z.array(z.string()) }),
});

/**
 * The jobs of an application's pipeline, line by line as they stand in its file, on the environment's registry and Git server:
 * its tests, an image, a push with CI's account, a proposal. Then a person merges it, and it is live. What a runner has of its
 * own, such as the names of a network and Go to build with, is in a mount namespace of its own.
 */
export async function pipelineReleases(outputs: Outputs, tell: (figure: string) => void): Promise<void> {
  const { registry, registryCi, personKey } = ofCi.parse(outputs);
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-pipeline-"));
  const commit = Buffer.from(`${process.pid}-${Date.now()}`).toString("hex").padEnd(40, "0").slice(0, 40);
  const image = `${registry.host}/payment-service:${commit}`;
  try {
    const application = join(directory, "app");
    cpSync(join(repository, "gitops/app-repo"), application, { recursive: true });
    const jobs = pipeline.parse(parse(readFileSync(join(application, ".gitlab-ci.yml"), "utf8")));
    writeFileSync(join(directory, "ca.pem"), registry.caPem);
    writeFileSync(join(directory, "hosts"), `127.0.0.1 localhost\n${registry.reach} ${registry.host}\n`);
    const variables = {
      CI_COMMIT_SHA: commit,
      REGISTRY_HOST: registry.host,
      REGISTRY_CA_FILE: join(directory, "ca.pem"),
      REGISTRY_USER: registryCi.username,
      REGISTRY_PASSWORD: registryCi.password,
      IMAGE: image,
      BASE_IMAGE: "localhost/base",
    };
    const env = { ...variables, ...(await runner(directory)) };
    const job = (script: string[], more: NodeJS.ProcessEnv = {}) => {
      const text = [NAMESPACE, ...script].join("\n");
      return must(type("unshare", ["--mount", "sh", "-ec", text], { cwd: application, env: { ...env, ...more } }));
    };
    await job(jobs.test.script);
    await job([`buildah build --quiet --tag localhost/base "$RUNNER/base"`]);
    const built = await job(jobs.image.script);
    assert.ok(!(built.stdout + built.stderr).includes(registryCi.password), "the password is in the job's log");
    tell(`an application's image built and pushed in ${built.seconds.toFixed(0)} s`);
    await withGit(outputs, personKey, async ({ env, url }) => {
      const [clone, ...propose] = jobs.propose.script;
      assert.match(clone ?? "", /^git clone .* \/tmp\/grunnmur$/); // This clone is one already.
      const here = propose.map((line) => line.replace("/tmp/grunnmur/grunnmur", join(repository, "grunnmur")));
      assert.notDeepEqual(here, propose);
      const proposed = await job(here, { ...env, CONFIG_REPOSITORY: url });
      assert.match(proposed.stdout, new RegExp(`proposed: Set payment-service to ${commit}`));
    });
    await withClone(outputs, async ({ git }) => {
      await must(git("merge", "-q", "--ff-only", `origin/payment-service-${commit}`));
      await must(git("push", "-q"));
      const live = await until("the release", 600, () => serves(image));
      tell(`live ${live.toFixed(0)} s after its merge`);
      await must(git("revert", "--no-edit", "HEAD"));
      await must(git("push", "-q", "origin", "HEAD", `:payment-service-${commit}`));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The names of the environment's network, and a place for what the job writes below /etc. */
const NAMESPACE = `mount --bind "$RUNNER/hosts" /etc/hosts
mkdir -p /etc/containers
mount -t tmpfs tmpfs /etc/containers
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >/etc/containers/policy.json`;

/** What a runner has: buildah's places, and an image with Go to build in, which is this machine's, as is what Go has compiled before. */
async function runner(directory: string): Promise<NodeJS.ProcessEnv> {
  const base = join(directory, "base");
  for (const path of ["bin", "tmp"]) mkdirSync(join(base, "root", path), { recursive: true });
  cpSync("/bin/busybox", join(base, "root/bin/busybox"));
  symlinkSync("busybox", join(base, "root/bin/sh"));
  const from = "FROM scratch\nCOPY root /\nENV PATH=/usr/local/go/bin:/bin HOME=/tmp GOTOOLCHAIN=local GOPROXY=off\n";
  writeFileSync(join(base, "Containerfile"), from);
  const [go, cache] = (await must(type("go", ["env", "GOROOT", "GOCACHE"]))).stdout.trim().split("\n");
  const containers = join(directory, "containers.conf");
  writeFileSync(containers, `[containers]\nvolumes = ["${go}:/usr/local/go:ro", "${cache}:/tmp/.cache/go-build"]\n`);
  const storage = join(directory, "storage.conf");
  const places = `graphroot = "${directory}/images"\nrunroot = "${directory}/run"`;
  writeFileSync(storage, `[storage]\ndriver = "vfs"\n${places}\n`);
  return {
    BUILDAH_ISOLATION: "chroot",
    CONTAINERS_CONF: containers,
    CONTAINERS_STORAGE_CONF: storage,
    REGISTRY_AUTH_FILE: join(directory, "auth.json"),
    RUNNER: directory,
  };
}

/** Whether a pod of the image serves; the others follow one by one, which takes minutes on emulated CPUs. */
async function serves(image: string): Promise<boolean> {
  const { stdout } = await must(
    grunnmur(["kubectl", "get", "pods", "-n", "production", "-l", "app=payment", "-o", "json"]),
  );
  const pods = (JSON.parse(stdout) as { items: { status: { containerStatuses?: Container[] } }[] }).items;
  return pods.some(({ status }) => status.containerStatuses?.some((one) => one.image === image && one.ready));
}

interface Container {
  image: string;
  ready: boolean;
}
