import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const directory = join(__dirname, "rootfs/etc/systemd/system");
const units = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.(service|timer|slice|conf)$/.test(name),
);

/** Where systemd reads a key; in another section it leaves it out, and says so in the journal alone. */
const SECTION: [key: RegExp, section: string][] = [
  [/^(StartLimit|Condition|Assert)/, "Unit"],
  [/^(Requires|Wants|After|Before|BindsTo|PartOf|Conflicts|DefaultDependencies|RequiresMountsFor)$/, "Unit"],
  [/^(Exec|Restart|Type$|RemainAfterExit$|Timeout)/, "Service"],
  [/^(WantedBy|RequiredBy|Alias)$/, "Install"],
];

test("each key of a unit stands in the section in which systemd reads it", () => {
  assert.ok(units.includes("kubelet.service"));
  for (const name of units) {
    let section = "";
    for (const line of readFileSync(join(directory, name), "utf8").split("\n")) {
      section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
      const key = /^([A-Za-z]+)=/.exec(line)?.[1];
      const expected = key && SECTION.find(([pattern]) => pattern.test(key))?.[1];
      if (expected) assert.equal(section, expected, `${name}: ${line}`);
    }
  }
});
