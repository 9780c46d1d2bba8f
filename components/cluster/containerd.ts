import type { File } from "../payload";
import { basicAuth, type Credentials } from "../registry/credentials";
import { upstreams } from "../registry/images";

const caPath = "/etc/grunnmur/registry-ca.pem";

/**
 * containerd's hosts files: every name an image can have leads to the environment's own registry, and nowhere else.
 * (https://github.com/containerd/containerd/blob/main/docs/hosts.md)
 */
export function registryHosts(registry: { host: string; caPem: string; reader: Credentials }): File[] {
  const { host, caPem, reader } = registry;
  const hosts = (name: string, path: string): File => ({
    path: `/etc/containerd/certs.d/${name}/hosts.toml`,
    content: `server = "https://${host}/v2${path}"
override_path = true
capabilities = ["pull", "resolve"]
ca = "${caPath}"

[header]
  Authorization = "${basicAuth(reader)}"
`,
    mode: 0o600,
  });
  return [
    { path: caPath, content: caPem },
    hosts(host, ""),
    ...upstreams.map((upstream) => hosts(upstream, `/mirror/${upstream}`)),
    hosts("_default", "/mirror/_other"),
  ];
}
