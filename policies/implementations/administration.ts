import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { standing } from "./profile";
import { get } from "./read";
import { type Entry, entriesOf, expired, failing, gaps, waiting } from "./register";
import type { Implementation, World } from "./world";

/** Each administrator's country, basis and end are declared, and work from a third country has a basis for transfers. */
export const administrationDeclared: Implementation = (world) => {
  const register = entriesOf(world.params.administration, "administration", "who");
  return [...nobody(world, register), ...register.flatMap((entry) => judge(world, entry))];
};

function nobody({ stack }: World, register: readonly Entry[]): WorldFinding[] {
  const environment = get(stack, "environment");
  if (register.length > 0 || environment === "development") return [];
  if (environment instanceof Unknown) return [waiting("environment")];
  return [
    failing("administration", "nobody is declared to administer a production stack; allowed is one entry or more"),
  ];
}

function judge(world: World, entry: Entry): WorldFinding[] {
  return [
    ...gaps(entry, ["who", "country", "legalBasis", "agreement", "expires"]),
    ...transfer(entry),
    ...expired(entry, world),
  ];
}

/** An article of Chapter V on which a transfer to a third country can rest, as people write it: `Art. 46(2)(c)`. */
const CHAPTER_V = /(?<![\d(])4[5-9](?!\d)/;

function transfer({ value, path, name }: Entry): WorldFinding[] {
  const [country, basis] = [get(value, "country"), get(value, "legalBasis")];
  if (typeof country !== "string" || country === "" || standing(country) !== "third-country") return [];
  if (typeof basis !== "string" || basis === "" || CHAPTER_V.test(basis)) return [];
  const message = `${name} works from ${country} (third-country), which is a transfer, and its basis is ${basis}; allowed is one of Art. 45 to 49`;
  return [failing(`${path}.legalBasis`, message)];
}
