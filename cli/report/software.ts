import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import type { Pod } from "../change/observed";

/** Something that runs, or lies ready to. */
export interface Program {
  /** `package`: of Debian. `program`: a file in /usr/local/bin. `image`: of a container. */
  kind: "package" | "program" | "image";
  name: string;
  /** null where it was not established. */
  version: string | null;
  /** Of the file or the image, `sha256:…`. */
  digest: string | null;
  architecture: string | null;
  /** Names of the nodes, and of an image `namespace/pod` of those that run it. */
  where: string[];
}

/**
 * @param printed what `software.sh` printed, by node
 * @param versions of programs, by node and name, where somebody has said it
 */
export function programsOf(
  printed: ReadonlyMap<string, string>,
  versions: (node: string, program: string) => string | null,
): Program[] {
  const found = [...printed].flatMap(([node, text]) =>
    text.split("\n").flatMap((line): Program[] => {
      const [kind, name, second, third] = line.split("\t");
      if (!name || !second) return [];
      if (kind === "package")
        return [{ kind, name, version: second, digest: null, architecture: third ?? null, where: [node] }];
      if (kind !== "program") return [];
      return [
        { kind, name, version: versions(node, name), digest: `sha256:${second}`, architecture: null, where: [node] },
      ];
    }),
  );
  return together(found);
}

/** Images by digest, with the pods that run them. */
export function imagesOf(pods: readonly Pod[]): Program[] {
  const found = pods.flatMap(({ metadata, status }) =>
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap((one): Program[] => {
      const { image, imageID } = one as { image?: string; imageID?: string };
      const digest = /sha256:[0-9a-f]{64}$/.exec(imageID ?? "")?.[0];
      if (!digest) return [];
      const named = image && !/^sha256:/.test(image) ? image : (imageID ?? "");
      const [, name = named, tag] = /^([^@]+?)(?::([^/:@]+))?(?:@.*)?$/.exec(named) ?? [];
      const where = [`${metadata.namespace}/${metadata.name}`];
      return [{ kind: "image", name, version: tag ?? null, digest, architecture: null, where }];
    }),
  );
  return together(found);
}

/** One of each, with all its places. */
function together(all: readonly Program[]): Program[] {
  const known = new Map<string, Program>();
  for (const one of all) {
    const key = JSON.stringify([one.kind, one.name, one.version, one.digest, one.architecture]);
    const before = known.get(key);
    known.set(key, before ? { ...before, where: [...new Set([...before.where, ...one.where])] } : one);
  }
  return [...known.values()].sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
}

const TYPES = {
  package: Enums.ComponentType.Library,
  program: Enums.ComponentType.Application,
  image: Enums.ComponentType.Container,
};

/** What a bill of materials says of itself. */
export interface About {
  stack: string;
  /** ISO 8601. */
  at: string;
  /** Of grunnmur. */
  by: string;
  /** Debian's name of the release that nodes are made of. */
  suite: string;
}

/**
 * A bill of materials, CycloneDX 1.6 as JSON, by OWASP's own library: it knows what the specification asks. What runs is in it and
 * nothing of what it was built from.
 */
export function billOfMaterials(programs: readonly Program[], { stack, at, by, suite }: About): string {
  const bom = new Models.Bom();
  bom.metadata.timestamp = new Date(at);
  bom.metadata.component = new Models.Component(Enums.ComponentType.Platform, stack, { bomRef: stack });
  bom.metadata.tools.components.add(
    new Models.Component(Enums.ComponentType.Application, "grunnmur", { version: by, bomRef: "grunnmur" }),
  );
  programs.forEach((program, index) => {
    const { kind, name, version, digest, where } = program;
    const component = new Models.Component(TYPES[kind], name, {
      bomRef: `${kind}-${index}`,
      ...(version === null ? {} : { version }),
      ...(purlOf(program, suite) ?? {}),
    });
    if (digest) component.hashes.set(Enums.HashAlgorithm["SHA-256"], digest.replace("sha256:", ""));
    for (const one of where) component.properties.add(new Models.Property("grunnmur:where", one));
    bom.components.add(component);
  });
  const normal = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return new Serialize.JsonSerializer(normal).serialize(bom, { sortLists: true, space: 1 });
}

/** https://github.com/package-url/purl-spec: where a package of this name and version is known. */
function purlOf({ kind, name, version, digest, architecture }: Program, suite: string): { purl: string } | undefined {
  if (kind === "package") {
    const facts = { ...(architecture ? { arch: architecture } : {}), distro: suite };
    return { purl: new PackageURL("deb", "debian", name, version, facts, undefined).toString() };
  }
  if (kind !== "image" || !digest) return undefined;
  const last = name.split("/").at(-1) ?? name;
  return {
    purl: new PackageURL("oci", undefined, last.toLowerCase(), digest, { repository_url: name }, undefined).toString(),
  };
}
