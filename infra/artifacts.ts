import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { lock, lockedImage, ownImage } from "../artifacts/lock";
import { artifactDir, artifactReady } from "../artifacts/store";
import type { ControllerImages } from "../components/agent/controllers";
import type { GoldenImage } from "../components/node/kvm-node";
import type { StoredImage } from "../components/registry/images";

/**
 * What the program takes from the store. A preview works without the large parts, which only `up` needs: paths follow
 * from the lock, and lists are empty until the store has them.
 */
export function goldenImage(): GoldenImage {
  const dir = artifactDir("golden-image");
  return { dir, key: basename(dir), debian: lock().debian.asOf };
}

export function cranePath(): string {
  return join(artifactDir("crane"), "bin/crane");
}

export function kubectlPath(): string {
  return join(artifactDir("kubernetes"), "bin/kubectl");
}

export function systemImages(): StoredImage[] {
  const dir = artifactDir("images");
  if (!artifactReady("images")) return [];
  const list = JSON.parse(readFileSync(join(dir, "images.json"), "utf8")) as StoredImage[];
  return list.map((image) => ({ file: join(dir, image.file), ref: image.ref, digest: image.digest }));
}

/** Text of Flux's custom resource definitions. @throws if the store has none */
export function fluxDefinitions(): string {
  if (!artifactReady("flux-manifests")) {
    throw new Error("the store has no flux-manifests: run ./grunnmur preview or ./grunnmur env, which fetch them");
  }
  return readFileSync(join(artifactDir("flux-manifests"), "crds.yaml"), "utf8");
}

export function controllerImages(): ControllerImages {
  return {
    sourceController: lockedImage("source-controller").ref,
    kustomizeController: lockedImage("kustomize-controller").ref,
  };
}

/** Reference of an image of ours. */
export const ownImageRef = (name: string): string => ownImage(name, artifactDir(name));

/** An image that not every stack has, by the name of its program; undefined until the store has it. */
export function optionalImage(name: string): StoredImage | undefined {
  const artifact = `${name}-image`;
  if (!artifactReady(artifact)) return undefined;
  const dir = artifactDir(artifact);
  const { ref, digest } = JSON.parse(readFileSync(join(dir, "image.json"), "utf8")) as { ref: string; digest: string };
  return { file: join(dir, "image.tar"), ref, digest };
}

/** Reference of an image of the lock. */
export const imageRef = (name: string): string => lockedImage(name).ref;

/** Tag of an image of the lock, such as `v1.36.4`. */
export function imageTag(name: string): string {
  const { ref } = lockedImage(name);
  return ref.slice(ref.lastIndexOf(":") + 1);
}

/** The example service: its image, and a Git bundle of the repository it was built from. */
export interface Demo {
  image: StoredImage;
  /** Git commit from which it was built; also the image's tag. */
  sha: string;
  bundle: string;
}

export function demo(): Demo | undefined {
  if (!artifactReady("payment-service")) return undefined;
  const dir = artifactDir("payment-service");
  const { sha, digest } = JSON.parse(readFileSync(join(dir, "image.json"), "utf8")) as { sha: string; digest: string };
  const ref = `payment-service:${sha}`;
  return { image: { file: join(dir, "image.tar"), ref, digest }, sha, bundle: join(dir, "repo.bundle") };
}
