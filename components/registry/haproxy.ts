import { createHash } from "node:crypto";

/** Who may do what. Passwords are 256 random bits, so a plain digest of them needs no slow hash. */
export interface RegistryUsers {
  /** May pull anything, push nothing. */
  node: Credentials;
  /** May pull and push below `ciPrefix`, and nothing else. */
  ci: Credentials;
  /** May do everything: the program itself, which fills the mirror. */
  platform: Credentials;
}

export interface Credentials {
  username: string;
  /** A secret. */
  password: string;
}

/** The value of an `Authorization` header; a secret. */
export function basicAuth({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/**
 * The authorising proxy before the registry, as HAProxy configuration: TLS, who is asking, and what they may do. It keeps
 * digests only. HAProxy because it does all of this in configuration, and is on every node already.
 *
 * @param ciPrefix repository path below which CI may push; empty: anywhere but below `mirror/`
 */
export function authorisingProxy(users: RegistryUsers, ciPrefix: string): string {
  return `global
  maxconn 512
  log stdout format short daemon
defaults
  mode http
  log global
  option httplog
  timeout connect 10s
  timeout client 10m
  timeout server 10m
  timeout http-request 30s
frontend registry
  bind :443 ssl crt /etc/haproxy/registry.pem ssl-min-ver TLSv1.2 alpn http/1.1
  http-request set-var(txn.who) req.hdr(authorization),sha2(256),hex
  acl node     var(txn.who) -m str ${digest(users.node)}
  acl ci       var(txn.who) -m str ${digest(users.ci)}
  acl platform var(txn.who) -m str ${digest(users.platform)}
  acl reading  method GET HEAD
  acl base     path /v2/ /v2
  acl known_path path -m reg ^/v2(/[A-Za-z0-9._:/-]*)?$
  acl odd_path   path -m sub .. //
  acl system     path_beg /v2/mirror/ /v2/_catalog
  acl ci_path    path_beg ${ciPrefix === "" ? "/v2/" : `/v2/${ciPrefix}/`}
  # A blob mounted from another repository would be read without leave.
  acl mounts     urlp(from) -m found
  http-request return status 401 content-type application/json hdr WWW-Authenticate 'Basic realm="registry"' hdr Docker-Distribution-Api-Version registry/2.0 string '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}' unless node || ci || platform
  http-request return status 400 content-type application/json string '{"errors":[{"code":"NAME_INVALID","message":"invalid path"}]}' if odd_path
  http-request return status 400 content-type application/json string '{"errors":[{"code":"NAME_INVALID","message":"invalid path"}]}' unless known_path
${[
  denied("node !reading", "nodes may pull and not push"),
  denied("ci !base !ci_path", "CI may use its own repositories only"),
  denied("ci system", "CI may use its own repositories only"),
  denied("ci mounts", "CI may not mount blobs of other repositories"),
].join("\n")}
  default_backend distribution
backend distribution
  http-request set-header X-Forwarded-Proto https
  server distribution 127.0.0.1:5000
`;
}

function denied(condition: string, message: string): string {
  return `  http-request return status 403 content-type application/json string '{"errors":[{"code":"DENIED","message":"${message}"}]}' if ${condition}`;
}

function digest(credentials: Credentials): string {
  return createHash("sha256").update(basicAuth(credentials)).digest("hex").toUpperCase();
}
