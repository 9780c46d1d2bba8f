import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Licence } from "../lock";
import { sourceIn } from "./modules";

/** What only the text of that licence says. */
const WORDS: Record<Licence, RegExp> = {
  "Apache-2.0": /Apache License\s+Version 2\.0, January 2004/,
  MIT: /Permission is hereby granted, free of charge, to any person obtaining a copy/,
  "MPL-2.0": /Mozilla Public License,? (?:V|v)ersion 2\.0/,
  "BSD-3-Clause": /Redistribution and use in source and binary forms.*Neither the name/s,
};

/** The licences that a text is, of those that the lock knows. */
export function licencesOf(text: string): Licence[] {
  return (Object.keys(WORDS) as Licence[]).filter((licence) => WORDS[licence].test(text));
}

/**
 * Holds a module to the licence that the lock says: a newer version may come under another one.
 * @param moduleDir folder with the `go.mod` that asks for it
 * @throws with both
 */
export async function requireLicence(moduleDir: string, module: string, licence: Licence): Promise<void> {
  const source = await sourceIn(moduleDir, module);
  const file = readdirSync(source).find((name) => /^LICEN[CS]E(\.(txt|md))?$/i.test(name));
  const found = file ? licencesOf(readFileSync(join(source, file), "utf8")) : [];
  if (found.includes(licence)) return;
  const is = found.join(" or ") || "none that is known here";
  throw new Error(
    `${module} is under ${is}, and artifacts/lock.json says ${licence}. Read its LICENSE, and write what it is.`,
  );
}
