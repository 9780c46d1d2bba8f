import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { GitHost } from "./git-host";
import { gitHostDouble } from "./support/git-host-double";

const KINDS = ["gitlab", "gitea", "github"] as const;
const MARK = "<!-- grunnmur preview of prod ";

for (const kind of KINDS) {
  test(`${kind}: every open proposal for the branch is found, over all pages`, async (t) => {
    const double = await gitHostDouble(t, kind);
    double.proposals = [1, 2, 3, 4, 5].map((number) => ({ number, branch: number === 4 ? "other" : "main" }));
    const found = await new GitHost(double.access).open("main");
    assert.deepEqual(
      found.map(({ number }) => number),
      [1, 2, 3, 5],
    );
    assert.match(found[0]?.ref ?? "", kind === "gitlab" ? /^refs\/merge-requests\/1\/head$/ : /^refs\/pull\/1\/head$/);
  });

  test(`${kind}: one comment is put in its own place again, and somebody else's with the same mark is left alone`, async (t) => {
    for (const who of kind === "gitlab" ? ["reviewer"] : ["reviewer", undefined]) {
      const double = await gitHostDouble(t, kind);
      double.who = who;
      double.said = ["a word", `${MARK}forged -->`, "another"].map((body, index) => ({
        id: index + 1,
        number: 3,
        who: "mallory",
        body,
      }));
      const host = new GitHost(double.access);
      assert.equal(await host.own(3, MARK), undefined);
      await host.say(3, `${MARK}1 -->`, undefined);
      const own = await host.own(3, MARK);
      assert.equal(own?.body, `${MARK}1 -->`);
      await host.say(3, `${MARK}2 -->`, own);
      assert.deepEqual(
        double.said.map(({ body }) => body),
        ["a word", `${MARK}forged -->`, "another", `${MARK}2 -->`],
      );
    }
  });
}

test("an error names what was asked and never the token; the token goes nowhere in the clear, and after no redirection", async (t) => {
  const double = await gitHostDouble(t, "gitlab");
  double.fault = { status: 403, text: `who has ${double.access.token}?` };
  const refused = new GitHost(double.access).open("main");
  await assert.rejects(refused, (error: Error) => {
    assert.match(error.message, /GET http.*\/merge_requests: 403 .*who has ….*GRUNNMUR_REVIEW_TOKEN/);
    assert.doesNotMatch(error.message, /token-of/);
    return true;
  });
  assert.throws(() => new GitHost({ ...double.access, api: "http://git.example.no/api/v4" }), /must begin with https/);
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const nobody = new GitHost({ ...double.access, api: `http://127.0.0.1:${port}/api/v4` });
  await assert.rejects(nobody.open("main"), /127\.0\.0\.1:\d+\/api\/v4\/projects.*ECONNREFUSED/);
});
