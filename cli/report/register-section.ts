import type { Evidence } from "./evidence";
import { type Markup, markup } from "./markup";
import { table } from "./table";

const STANDING = {
  NO: "Norway",
  EEA: "in the EEA",
  adequacy: "found adequate, Art. 45",
  "third-country": "third country",
} as const;

/** Where data may be and to whom it may go, as it is declared. */
export function registerSection({ sites, destinations, administration, copies, wayIn }: Evidence): Markup {
  return markup`<p>As the stack file declares it. Basis and agreement are its words; whether they hold, people decide.</p>
<h3>Sites</h3>${table(
    ["site", "country", "standing", "town", "run by", "who answers to the law of", "machines"],
    sites.map((site) => [
      site.name,
      site.country,
      STANDING[site.standing],
      site.city,
      site.operator,
      site.operatorCountry,
      site.machines.map(({ name, diskEncryption }) => `${name} (disks: ${diskEncryption ?? "not said"})`).join(", "),
    ]),
    "No site is declared.",
  )}
<h3>To whom data or requests leave</h3>${table(
    ["host", "country", "addresses", "ports", "basis", "agreement", "expires"],
    destinations.map((one) => [
      one.host,
      one.country,
      one.addresses.join(", ") || "wherever the name leads",
      one.ports.join(", ") || "all",
      one.legalBasis,
      one.agreement,
      one.expires,
    ]),
    "No destination is declared.",
    [4, 5],
  )}
<h3>Who administers</h3>${table(
    ["who", "from", "basis", "agreement", "expires"],
    administration.map((one) => [one.who, one.country, one.legalBasis, one.agreement, one.expires]),
    "Nobody is declared.",
    [2, 3],
  )}
<h3>Copies and rehearsals</h3>${table(
    ["of", "at", "country", "kept for", "encrypted before they leave"],
    copies.map((one) => [
      one.of,
      one.host,
      one.country,
      `${one.retentionDays} days`,
      one.encrypted ? "said to be" : "no",
    ]),
    "No copies are declared.",
  )}<p class="dim">grunnmur makes no copies itself yet, and keeps no record of rehearsals: neither can be shown here.</p>
<h3>Who is let in from outside</h3>${table(
    ["name", "namespaces that may answer", "at"],
    (wayIn?.hosts ?? []).map(({ name, namespaces }) => [
      name,
      namespaces.join(", "),
      wayIn?.addresses.join(", ") || null,
    ]),
    "No name is answered for from outside.",
  )}`;
}
