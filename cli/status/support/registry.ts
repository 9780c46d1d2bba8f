import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { certificateAuthority, issue } from "../../../components/keys/certificates";

const seed = Buffer.alloc(32, 7).toString("base64");
const now = new Date().toISOString();
const authority = certificateAuthority(seed, "test", now);
const own = issue(seed, authority, now, { commonName: "s", usage: "server", ipAddresses: ["127.0.0.1"], validDays: 1 });

/** For tests: a registry that has these references of these repositories, for `ci` with the password `right`. */
export async function startRegistry(images: Record<string, string[]>) {
  const asked: string[] = [];
  const server = createServer(
    { cert: own.certificate, key: own.privateKey },
    ({ method, url = "", headers }, response) => {
      asked.push(`${method} ${url}`);
      const [, repository = "", what, reference = ""] = /^\/v2\/(.+)\/(manifests|tags)\/([^?]+)/.exec(url) ?? [];
      const known = images[repository];
      const allowed = headers.authorization === `Basic ${Buffer.from("ci:right").toString("base64")}`;
      if (!allowed) response.writeHead(401).end();
      else if (what === "tags" && known) response.end(JSON.stringify({ name: repository, tags: known }));
      else if (
        what === "manifests" &&
        known?.includes(reference) &&
        method === "HEAD" &&
        headers.accept?.includes("oci")
      )
        response.writeHead(200).end();
      else response.writeHead(404).end("{}");
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: authority.certificate,
    /** What it was asked, such as `HEAD /v2/shop/manifests/1`. */
    asked,
    stop: () => server.close(),
  };
}
