import assert from "node:assert/strict";
import { test } from "node:test";
import { countryName, standing } from "./countries";
import { siteRegister } from "./sites";

test("the register holds a site of every standing, and tells place from control", () => {
  const sites = [...siteRegister([]).values()];
  assert.deepEqual([...new Set(sites.map((s) => s.standing))].sort(), ["EEA", "NO", "adequacy", "third-country"]);
  assert.ok(sites.some((s) => s.standing === "EEA" && s.operatorCountry === "US"));
  for (const s of sites) assert.ok(countryName(s.country) && countryName(s.operatorCountry), s.name);
});

test("countries stand as the law has them", () => {
  const expected = {
    NO: "NO",
    SE: "EEA",
    IS: "EEA",
    LI: "EEA",
    CH: "adequacy",
    GB: "adequacy",
    US: "third-country",
    CN: "third-country",
  };
  for (const [country, how] of Object.entries(expected)) assert.equal(standing(country), how, country);
});

test("only countries of ISO 3166-1 have a name", () => {
  assert.equal(countryName("NO"), "Norway");
  for (const code of ["UK", "EU", "ZZ", "XX", "no", "NOR", ""]) assert.equal(countryName(code), undefined, code);
});
