import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parse } from "yaml";
import { LANGUAGES, pipelineOf, renderAppRepo } from "./app-repo";
import { PIPELINE_KINDS, renderInfraPipeline } from "./infra-repo";
import { templates } from "./templates";

const VALUES = { name: "shop", registry: "registry.example.no", prefix: "" };

test("in Go and under its own name the example is what an environment runs, but for the registry", () => {
  const rendered = renderAppRepo({ ...VALUES, name: "payment-service", language: "go" });
  const own = templates("app-repo");
  const without = (all: typeof own) => all.filter(({ path }) => path !== ".gitlab-ci.yml");
  assert.deepEqual(without(rendered), without(own));
});

interface Job {
  script?: string[];
  steps?: { run?: string }[];
}

for (const gitHost of PIPELINE_KINDS) {
  test(`${gitHost}: every language has the same pipeline, whose jobs run what there is, on an image of their own`, () => {
    const pipelines = LANGUAGES.map((language) => {
      const files = renderAppRepo({ ...VALUES, language, prefix: "team-a", gitHost });
      const scripts = files.filter(({ executable }) => executable).map(({ path }) => path);
      const text = files.find(({ path }) => path === pipelineOf(gitHost))?.content ?? "";
      assert.deepEqual(
        [...text.matchAll(/\.\/(ci\/\S+\.sh)/g)].map(([, script = ""]) => script),
        ["ci/test.sh", "ci/image.sh", "ci/propose-tag.sh"],
      );
      assert.deepEqual(
        scripts.sort(),
        ["askpass", "image", "open", "propose-tag", "test"].map((name) => `ci/${name}.sh`),
      );
      const paths = new Set(files.map(({ path }) => path));
      assert.equal(paths.size, files.length);
      for (const path of ["Dockerfile", ".dockerignore", "README.md"])
        assert.ok(paths.has(path), `${language}: ${path}`);
      const others = PIPELINE_KINDS.filter((kind) => kind !== gitHost).map(pipelineOf);
      const told = files.map(({ content }) => content).join();
      for (const other of others) assert.ok(!paths.has(other) && !told.includes(other), other);
      return text;
    });
    assert.equal(new Set(pipelines).size, 1);
    const [text = ""] = pipelines;
    const { variables, env, jobs, ...rest } = parse(text, { version: "1.1" });
    const { REGISTRY_HOST, IMAGE } = variables ?? env;
    assert.equal(REGISTRY_HOST, "registry.example.no");
    const image = IMAGE.replace("$REGISTRY_HOST", REGISTRY_HOST);
    assert.match(image, /^registry\.example\.no\/team-a\/shop:\$(CI_COMMIT_SHA|\{\{ github\.sha }})$/);
    const { test: tests, image: builds, propose } = (jobs ?? rest) as Record<string, Job>;
    for (const job of [tests, builds, propose]) {
      const lines = job?.script ?? job?.steps?.flatMap(({ run }) => run ?? []) ?? [];
      execFileSync("sh", ["-nc", lines.join("\n")]);
    }
    // Whatever a job is told of a secret, another's script does not hear of.
    assert.doesNotMatch(JSON.stringify([variables, env, tests]), /PASSWORD|_TOKEN: *\$/);
  });
}

test("an infrastructure pipeline says its stack, as a text, and is YAML", () => {
  for (const kind of PIPELINE_KINDS) {
    const { content } = renderInfraPipeline(kind, "no");
    const { variables, env } = parse(content, { version: "1.1" });
    assert.equal((variables ?? env).STACK, "no", kind);
    assert.doesNotMatch(content, /vars\.STACK|STACK, BUILD_IMAGE/);
  }
  assert.throws(() => renderInfraPipeline("registry-node", "local"), /allowed is gitlab, github, gitea/);
  assert.throws(() => renderInfraPipeline("github", 'x"'), /received "x\\""/);
});
