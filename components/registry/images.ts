/** An image in the store. */
export interface StoredImage {
  /** Absolute path of its tarball. */
  file: string;
  /** Upstream reference with host and tag, such as `registry.k8s.io/pause:3.10`. */
  ref: string;
  digest: string;
}

/**
 * Where an upstream image lies in the registry: below `mirror/<upstream host>/`, so that two upstreams' equal names never
 * meet.
 */
export function mirrored(ref: string): string {
  return `mirror/${ref}`;
}

/** Upstream hosts that containerd asks the registry for; any other name is looked for below `mirror/_other`. */
export const upstreams = ["registry.k8s.io", "ghcr.io", "docker.io", "quay.io", "gcr.io"];
