import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { LANGUAGES, renderAppRepo } from "./app-repo";
import { PIPELINE_KINDS, renderInfraPipeline } from "./infra-repo";
import { templates } from "./templates";

const VALUES = { name: "shop", registry: "registry.example.no", prefix: "" };

test("in Go and under its own name the example is what an environment runs, but for the registry", () => {
  const rendered = renderAppRepo({ ...VALUES, name: "payment-service", language: "go" });
  const own = templates("app-repo");
  const without = (all: typeof own) => all.filter(({ path }) => path !== ".gitlab-ci.yml");
  assert.deepEqual(without(rendered), without(own));
});

test("every language has the same pipeline, whose jobs run what there is", () => {
  const pipelines = LANGUAGES.map((language) => {
    const files = renderAppRepo({ ...VALUES, language, prefix: "team-a" });
    const paths = new Set(files.map(({ path }) => path));
    const text = files.find(({ path }) => path === ".gitlab-ci.yml")?.content ?? "";
    for (const [, script = ""] of text.matchAll(/\.\/(ci\/\S+\.sh)/g)) {
      assert.ok(paths.has(script), `${language}: ${script}`);
      assert.ok(files.find(({ path }) => path === script)?.executable, `${language}: ${script}`);
    }
    for (const path of ["Dockerfile", ".dockerignore", "README.md"]) assert.ok(paths.has(path), `${language}: ${path}`);
    return text;
  });
  assert.equal(new Set(pipelines).size, 1);
  const { variables, image } = parse(pipelines[0] ?? "");
  assert.equal(variables.IMAGE, "$REGISTRY_HOST/team-a/shop:$CI_COMMIT_SHA");
  assert.match(image.script.join("\n"), /--build-arg BASE_IMAGE="\$BASE_IMAGE"/);
});

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
