import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { get, ofKind } from "./read";
import type { Implementation } from "./world";

/** Each value of a Secret in the repository is as SOPS writes it, or empty: SOPS leaves that as it is. */
export const secretValues: Implementation = (world) =>
  ofKind(world, "/Secret").flatMap(({ document }) =>
    (["data", "stringData"] as const).flatMap((field): WorldFinding[] => {
      const values = get(document.object, field);
      const waits = (path: string): WorldFinding => {
        const message = `whether ${path} is encrypted cannot be decided before it is known`;
        return { verdict: "undetermined", path, message, waitsFor: [path], document };
      };
      if (values instanceof Unknown) return [waits(field)];
      if (values === null || typeof values !== "object") return [];
      const entries = Object.entries(values);
      const account = get(document.object, "sops", "mac");
      const withMac = entries.some(([key, value]) => key === "sops_mac" && isEncrypted(value, field));
      const plain = entries
        .filter(([, value]) => !(value instanceof Unknown || isEncrypted(value, field)))
        .filter(([key]) => !(withMac && METADATA.test(key)))
        .map(([key]) => key);
      const marked = entries.some(([, value]) => typeof value === "string" && ENCRYPTED.test(value));
      // The cluster decrypts what has an account of SOPS, and takes anything else for what it looks like.
      if (marked && !(account instanceof Unknown || (typeof account === "string" && ENCRYPTED.test(account)))) {
        const message = `${field} has values as SOPS writes them, and sops.mac is ${account === undefined ? "missing" : "not one"}: the cluster would take them as they are; allowed is a file as SOPS wrote it`;
        return [{ verdict: "fail", path: field, message, document }];
      }
      const open = entries.filter(([, value]) => value instanceof Unknown).map(([key]) => waits(`${field}.${key}`));
      if (plain.length === 0) return open;
      const message = `${field} has plain values for ${plain.join(", ")}; allowed are encrypted ones`;
      return [{ verdict: "fail", path: field, message, document }, ...open];
    }),
  );

/** A value as SOPS writes it: AES-GCM with an initialisation vector of 32 bytes and a tag of 16. */
const ENCRYPTED =
  /^ENC\[AES256_GCM,data:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?,iv:[A-Za-z0-9+/]{43}=,tag:[A-Za-z0-9+/]{22}==,type:(?:str|int|float|bool|bytes|time|comment)\]$/;
/** What SOPS adds to a file of `KEY=value` lines, which a generator takes for values of the Secret. */
const METADATA =
  /^sops_(version|lastmodified|mac|mac_only_encrypted|shamir_threshold|(un)?encrypted_(suffix|regex|comment_regex)|((key_groups__list_\d+__map_)?(age|pgp|kms|gcp_kms|azure_kv|hc_vault|hckms)__list_\d+__map_\w+))$/;

/** Empty values tell nothing. Of `data` the content may be a file that a generator took as SOPS wrote it. */
function isEncrypted(value: unknown, field: "data" | "stringData"): boolean {
  if (value === null || value === "") return true;
  if (typeof value !== "string") return false;
  if (ENCRYPTED.test(value)) return true;
  const content = field === "data" ? Buffer.from(value, "base64").toString("utf8") : value;
  if (field === "data" && ENCRYPTED.test(content)) return true;
  return content.includes("sops") && content.includes("ENC[") && isEncryptedFile(content);
}

/** YAML, JSON or `KEY=value` lines in which SOPS left nothing plain but its own account. */
function isEncryptedFile(text: string): boolean {
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
  const pairs = lines.map((line) => /^([\w.-]+)=(.*)$/s.exec(line));
  if (pairs.every((pair) => pair !== null)) {
    const holds = (pair: RegExpExecArray): boolean => {
      const [, key = "", value = ""] = pair;
      return value === "" || ENCRYPTED.test(value) || METADATA.test(key);
    };
    return pairs.every(holds) && pairs.some(([, key, value]) => key === "sops_mac" && ENCRYPTED.test(value ?? ""));
  }
  try {
    // Loaded only here: few Secrets hold a file, and a policy pack should start soon.
    const { load } = require("js-yaml") as typeof import("js-yaml");
    const content = load(text);
    if (content === null || typeof content !== "object" || Array.isArray(content)) return false;
    const { sops, ...rest } = content as Record<string, unknown>;
    const mac = get(sops, "mac");
    return typeof mac === "string" && ENCRYPTED.test(mac) && leaves(rest).every((leaf) => isMarked(leaf));
  } catch {
    return false;
  }
}

const isMarked = (leaf: unknown): boolean =>
  leaf === null || leaf === "" || (typeof leaf === "string" && ENCRYPTED.test(leaf));

function leaves(value: unknown): unknown[] {
  if (value === null || typeof value !== "object") return [value];
  return Object.values(value).flatMap(leaves);
}
