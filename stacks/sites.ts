import { type Standing, standing } from "./countries";
import type { SiteConfig } from "./schema";

/** A place where machines stand, and under whose law. */
export interface Site extends SiteConfig {
  /** How the GDPR looks at the country in which it stands. */
  standing: Standing;
}

/**
 * The sites that every stack knows. They are examples, none of them a real company's:
 * a stack adds its own under `sites:`. Those outside Norway are here so that a locality rule has something to refuse.
 */
const KNOWN: readonly SiteConfig[] = [
  site("local-no", "NO", "this machine", "whoever owns it", "NO"),
  site("osl-1", "NO", "Oslo", "Grunnmur Example Drift AS", "NO", "NIX1 Oslo"),
  site("osl-2", "NO", "Oslo", "Grunnmur Example Drift AS", "NO", "NIX2 Oslo"),
  site("bgo-1", "NO", "Bergen", "Grunnmur Example Vest AS", "NO", "BIX Bergen"),
  site("trd-1", "NO", "Trondheim", "Grunnmur Example Nord AS", "NO", "TRDIX Trondheim"),
  site("sto-1", "SE", "Stockholm", "Grunnmur Example Sverige AB", "SE", "Netnod Stockholm"),
  site("fra-1", "DE", "Frankfurt am Main", "Grunnmur Example GmbH", "DE", "DE-CIX Frankfurt"),
  // In the EEA, yet its owner answers to the Cloud Act: place and control are two questions.
  site("dub-1", "IE", "Dublin", "Grunnmur Example Cloud Ireland Ltd", "US", "INEX Dublin"),
  site("zrh-1", "CH", "Zürich", "Grunnmur Example Schweiz AG", "CH", "SwissIX Zürich"),
  site("lon-1", "GB", "London", "Grunnmur Example UK Ltd", "GB", "LINX LON1"),
  site("iad-1", "US", "Ashburn", "Grunnmur Example Cloud Inc.", "US", "Equinix Ashburn"),
];

function site(
  name: string,
  country: string,
  city: string,
  operator: string,
  operatorCountry: string,
  exchange?: string,
): SiteConfig {
  return { name, country, city, operator, operatorCountry, ...(exchange && { exchange }) };
}

/** Every site by name: the known ones and a stack's `own`. `checks.ts` refuses an own site with a known name. */
export function siteRegister(own: readonly SiteConfig[]): ReadonlyMap<string, Site> {
  return new Map([...own, ...KNOWN].map((s) => [s.name, { ...s, standing: standing(s.country) }]));
}
