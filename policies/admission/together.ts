import type { AdmissionText } from "../engine/compose";

/**
 * Several rules as one policy. For each policy that it asks, the API server turns the object, the request and the
 * namespace into CEL's values three or four times over, and evaluates every message, also of what holds. So sixteen
 * policies about pods cost eight times what these do.
 */
export interface Part {
  /** The rule's id, which every message begins with. */
  id: string;
  text: AdmissionText;
  /** Subresources that the policy is asked of and the rule is not. */
  notOf: readonly string[];
}

/** Validations in the order of the parts, and variables that no two rules give different meanings. */
export function together(parts: readonly Part[]): Omit<AdmissionText, "condition"> {
  const variables: AdmissionText["variables"] = [];
  const declare = (one: AdmissionText["variables"][number]): void => {
    if (!variables.some(({ expression }) => expression === one.expression)) variables.push(one);
  };
  const validations = parts.flatMap(({ id, text, notOf }) => {
    const names = new Map<string, string>();
    const renamed = (expression: string) =>
      expression.replace(VARIABLE, (_whole, name: string) => `variables.${names.get(name) ?? name}`);
    for (const { name, expression: own } of text.variables) {
      const expression = renamed(own);
      const same = variables.find((other) => other.expression === expression);
      const taken = variables.some((other) => other.name === name);
      const unique = same?.name ?? (taken ? `${id.replaceAll("-", "_")}_${name}` : name);
      names.set(name, unique);
      declare({ name: unique, expression });
    }
    if (notOf.length > 0) declare({ name: unaskedOf(notOf), expression: isSubresource(notOf) });
    const unasked = [
      ...(notOf.length > 0 ? [`variables.${unaskedOf(notOf)}`] : []),
      ...(text.condition === undefined ? [] : [`!(${renamed(text.condition)})`]),
    ].map((condition) => `${condition} || `);
    return text.validations.map(({ expression, message, messageExpression }) => ({
      expression: unasked.length > 0 ? `${unasked.join("")}(${renamed(expression)})` : renamed(expression),
      message: `${id}: ${message}`,
      ...(messageExpression !== undefined && { messageExpression: `'${id}: ' + (${renamed(messageExpression)})` }),
    }));
  });
  return { variables, validations };
}

const unaskedOf = (subresources: readonly string[]): string => `at_${subresources.join("_")}`;
const isSubresource = (names: readonly string[]): string =>
  `request.?subResource.orValue('') in [${names.map((name) => `'${name}'`).join(", ")}]`;

const VARIABLE = /\bvariables\.(\w+)/g;

/**
 * Whether all validations hold, as one expression: for `matchConditions`, which have no variables. Each variable is bound
 * around what reads it, by a comprehension over a list of one item.
 */
export function allHold({ variables, validations }: Omit<AdmissionText, "condition">): string {
  const plain = (expression: string) => expression.replace(VARIABLE, "var_$1");
  const all = validations.map(({ expression }) => `(${plain(expression)})`).join(" && ");
  return variables.reduceRight(
    (inner, { name, expression }) => `[${plain(expression)}].all(var_${name}, ${inner})`,
    all,
  );
}

/** A policy's condition is evaluated where there is no namespace. */
export const readsNamespace = ({ variables, validations, condition = "" }: AdmissionText): boolean =>
  /\bnamespaceObject\b/.test(JSON.stringify([variables, validations, condition]));
