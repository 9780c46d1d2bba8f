/**
 * How the GDPR looks at a country.
 * - `NO`, `EEA`: inside, where personal data moves freely (Art. 1(3); the EEA by decision 154/2018 of the Joint Committee).
 * - `adequacy`: the Commission has found its protection adequate (Art. 45).
 * - `third-country`: a transfer needs safeguards of its own (Art. 46) or an exception (Art. 49).
 */
export type Standing = "NO" | "EEA" | "adequacy" | "third-country";

const EEA = new Set(
  (
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE " + // the Union
    "IS LI NO"
  ).split(" "),
);

/**
 * Countries with a decision that covers them whole or, as with Canada, their commercial organisations.
 * The United States are left out on purpose: that decision covers only companies that have certified themselves,
 * and says nothing on access under the Cloud Act. A country that is missing is treated more strictly, not less.
 */
const ADEQUATE = new Set("AD AR CA CH FO GB GG IL IM JE JP KR NZ UY".split(" "));

export function standing(country: string): Standing {
  if (country === "NO") return "NO";
  if (EEA.has(country)) return "EEA";
  return ADEQUATE.has(country) ? "adequacy" : "third-country";
}

// Codes that the Unicode tables know but that are no country of ISO 3166-1.
const NOT_COUNTRIES = new Set([
  "AC",
  "CP",
  "CQ",
  "DG",
  "EA",
  "EU",
  "EZ",
  "IC",
  "QO",
  "TA",
  "UK",
  "UN",
  "XA",
  "XB",
  "XK",
  "ZZ",
]);
const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** The English name of a country, or undefined if `code` is none. */
export function countryName(code: string): string | undefined {
  if (!/^[A-Z]{2}$/.test(code) || NOT_COUNTRIES.has(code)) return undefined;
  return names.of(code);
}
