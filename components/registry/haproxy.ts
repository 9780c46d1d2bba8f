import { createHash } from "node:crypto";
import { basicAuth, type Credentials } from "./credentials";

/** Who may do what. Passwords are 256 random bits, so a plain digest of them needs no slow hash. */
export interface RegistryUsers {
  /** May pull anything, push nothing. */
  node: Credentials;
  /** May pull and push below `ciPrefix`, pull the image of the check, and nothing else: what is pushed it cannot remove. */
  ci: Credentials;
  /** May do everything: the program itself, which fills the mirror. */
  platform: Credentials;
}

/**
 * The authorising proxy before the registry, as HAProxy configuration: TLS, who is asking, and what they may do. It keeps
 * digests only. HAProxy because it does all of this in configuration, and is on every node already.
 *
 * @param generations those whose credentials are taken; more than one while they are rotated
 * @param ciPrefix repository path below which CI may push; empty: anywhere but below `mirror/`
 */
export function authorisingProxy(generations: readonly RegistryUsers[], ciPrefix: string): string {
  const digests = (who: keyof RegistryUsers) => generations.map((users) => digest(users[who])).join(" ");
  // Root only reads the certificate and binds the port; Debian's package makes the account and its folder.
  return `global
  user haproxy
  group haproxy
  chroot /var/lib/haproxy
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
  acl node     var(txn.who) -m str ${digests("node")}
  acl ci       var(txn.who) -m str ${digests("ci")}
  acl platform var(txn.who) -m str ${digests("platform")}
  acl reading  method GET HEAD
  acl base     path /v2/ /v2
  acl known_path path -m reg ^/v2(/[A-Za-z0-9._:/-]*)?$
  acl odd_path   path -m sub .. // /./
  acl system     path_beg /v2/mirror/ /v2/_catalog
  acl check_path path_beg /v2/mirror/grunnmur/check/
  acl ci_path    path_beg ${ciPrefix === "" ? "/v2/" : `/v2/${ciPrefix}/`}
  # A blob mounted from another repository would be read without leave. Distribution reads a form in the body
  # as it reads the query, so an upload is started without one.
  http-request del-header content-type if { method POST }
  acl has_query   query -m found
  acl own_query   query,url_dec -m reg ${mountQuery(ciPrefix)}
  acl from_system query,url_dec -m sub from=mirror/
  http-request return status 401 content-type application/json hdr WWW-Authenticate 'Basic realm="registry"' hdr Docker-Distribution-Api-Version registry/2.0 string '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}' unless node || ci || platform
  http-request return status 400 content-type application/json string '{"errors":[{"code":"NAME_INVALID","message":"invalid path"}]}' if odd_path
  http-request return status 400 content-type application/json string '{"errors":[{"code":"NAME_INVALID","message":"invalid path"}]}' unless known_path
${[
  denied("node !reading", "nodes may pull and not push"),
  denied("ci !base !ci_path !check_path", "CI may use its own repositories only"),
  denied("ci system !check_path", "CI may use its own repositories only"),
  denied("ci check_path !reading", "CI may pull the image of the check and not push it"),
  denied("ci { method POST } has_query !own_query", "CI may not mount blobs of other repositories"),
  denied("ci { method POST } from_system", "CI may not mount blobs of other repositories"),
  denied("ci { method DELETE }", "CI may not delete"),
].join("\n")}
  default_backend distribution
backend distribution
  http-request set-header X-Forwarded-Proto https
  server distribution 127.0.0.1:5000
`;
}

/**
 * What may stand, decoded, in the query that starts an upload: at most one `from`, below the prefix. Decoded, because
 * clients write `from=team-a%2Fx`, and the registry would understand `%66rom`, too.
 */
function mountQuery(ciPrefix: string): string {
  const component = "[a-z0-9]+([._-]+[a-z0-9]+)*";
  const below = ciPrefix === "" ? "" : `${ciPrefix.replaceAll(".", "[.]")}/`;
  const other = "(mount|origin|digest|digest-algorithm)=[A-Za-z0-9:._/-]*";
  return `^((${other}&)*(${other}|from=${below}${component}(/${component})*)(&${other})*)?$`;
}

function denied(condition: string, message: string): string {
  return `  http-request return status 403 content-type application/json string '{"errors":[{"code":"DENIED","message":"${message}"}]}' if ${condition}`;
}

function digest(credentials: Credentials): string {
  return createHash("sha256").update(basicAuth(credentials)).digest("hex").toUpperCase();
}
