import { writeFileSync } from "node:fs";
import { repositoryPath } from "../lib/places";
import { page } from "./versions";

/** Brings `docs/versions.md` up to date with the lock. */
writeFileSync(repositoryPath("docs", "versions.md"), page());
