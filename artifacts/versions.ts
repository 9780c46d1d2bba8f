import { readFileSync } from "node:fs";
import { repositoryPath } from "../lib/places";
import { type Licence, lock, lockedTool } from "./lock";

/** One thing that somebody else made and grunnmur installs or runs. */
export interface Part {
  name: string;
  version: string;
  /** As SPDX names it. */
  licence: Licence;
  /** Go module from which it is compiled where no download is had. */
  module: string;
  /** Where it runs. */
  where: Where;
}

const places = ["nodes", "cluster", "this machine", "tests"] as const;
export type Where = (typeof places)[number];

const WHERE: Record<string, Where> = {
  ...{ pulumi: "this machine", crane: "this machine", sops: "this machine", gitea: "tests" },
  ...{ containerd: "nodes", kubernetes: "nodes", registry: "nodes" },
};

/** Every program and library of the lock, those of nodes first. Debian's packages have a date, and no versions of their own here. */
export function parts(): Part[] {
  const { tools, images } = lock();
  const programs = Object.entries(tools).map(([name, { version, licence, build }]): Part => {
    return { name, version, licence, module: build.module, where: WHERE[name] ?? "cluster" };
  });
  const libraries = Object.entries(images).flatMap(([name, { library, version = "", also }]): Part[] => [
    ...(library ? [{ name, version, ...library, where: "cluster" } as const] : []),
    ...Object.entries(also).map(([one, its]) => ({ name: one, ...its, where: "cluster" }) as const),
  ]);
  return [...programs, ...libraries].sort((a, b) => places.indexOf(a.where) - places.indexOf(b.where));
}

/** What a report of a fault should name, in a line: our own version, and what an environment runs. */
export function versionsInALine(): string {
  const { version } = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8")) as { version: string };
  const inUse = parts().filter(({ where }) => where !== "tests");
  const own = [`grunnmur ${version}`, `flux ${lock().flux.version}`, `debian ${lock().debian.asOf}`];
  return [...own, ...inUse.map((part) => `${part.name} ${part.version}`)].join(", ");
}

/** `docs/versions.md`. */
export function page(): string {
  const { debian, checkImage, images, flux } = lock();
  const rows = parts().map(
    ({ name, version, licence, module, where }) => `| ${name} | ${version} | ${licence} | \`${module}\` | ${where} |`,
  );
  return `# Versions and licences

What others made and an environment is built from. Each version stands once, in [lock.json](../artifacts/lock.json), from which
this page is written; \`./grunnmur --version\` says the same in a line. What is compiled is held to the licence that stands here.

| part | version | licence | Go module | runs on |
|---|---|---|---|---|
${rows.join("\n")}

\`network-policies\`, \`storage\`, \`ingress\` and \`monitoring\` are programs of ours, with the libraries that do their work. The two controllers are those of
Flux ${flux.version}, whose custom resource definitions come with them. pause is compiled from Kubernetes' own source, as
${images.pause?.version}.

Nodes are Debian ${debian.suite}, of ${debian.asOf} or newer, with these packages and what they need:
${debian.packages.join(", ")}. On a node \`dpkg -l\` has the versions, and \`/usr/share/doc/PACKAGE/copyright\` the licences.

The image of \`check\` has, of the same Debian, ${checkImage.join(" and ")}, and nothing else of it.

What the program itself is written with stands in [package.json](../package.json), and with versions and licences of all that
those need in [package-lock.json](../package-lock.json); Pulumi's own is ${lockedTool("pulumi").licence}.
`;
}
