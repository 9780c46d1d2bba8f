import { z } from "zod";
import { CATEGORIES, GATES, NAMED_LISTS, OPERATIONS } from "./terms";

export type { Category, Gate, NamedList } from "./terms";

/**
 * The shape of a rule file (`policies/rules/<id>.yaml`). `policies/rules/README.md` explains it with examples.
 * Unknown keys are errors: a mistyped key must never make a rule weaker.
 */

const cel = z.string().trim().min(1).describe("a CEL expression of the restricted profile (policies/cel/lint.ts)");
/** What CEL keeps for itself: the API server takes no policy with such a name, and the other gates would not notice. */
const RESERVED =
  /^(as|break|const|continue|else|false|for|function|if|import|in|let|loop|null|package|namespace|return|true|var|void|while)$/;
const identifier = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]*$/)
  .refine((name) => !RESERVED.test(name), { error: ({ input }) => `${input} is a word of CEL; take another name` });
const dottedPath = z.string().regex(/^[A-Za-z0-9_.[\]/-]+$/);

const resource = z.strictObject({
  apiGroups: z.array(z.string()).min(1).describe('"" is the core group; "*" is any group'),
  /** `["*"]` is every kind, and every subresource. */
  kinds: z.array(z.string().regex(/^([A-Z][A-Za-z0-9]*|\*)$/)).min(1),
  /** Plural names for admission, in the order of `kinds`, where the regular plural is wrong. */
  resources: z.array(z.string()).optional(),
  /** Kubernetes does not know a namespace for these kinds. */
  clusterScoped: z.boolean().default(false),
});

const match = z.discriminatedUnion("subject", [
  z.strictObject({
    subject: z.literal("podSpec"),
    namespaces: z.enum(["tenant", "all"]).default("tenant"),
    /** Also held at these subresources of `pods`. */
    subresources: z.array(z.enum(["resize", "ephemeralcontainers"])).default([]),
    when: cel.optional(),
  }),
  z.strictObject({
    subject: z.literal("object"),
    resources: z.array(resource).min(1),
    namespaces: z.enum(["tenant", "platform", "all"]).default("all"),
    /** Whose requests are judged at admission. What a repository holds is always judged as a tenant's. */
    requester: z.enum(["anybody", "tenant", "reconciler"]).default("anybody"),
    /** Where `object` may be null (DELETE), or no object of the API (CONNECT), the rule's text must bear it. */
    operations: z.array(z.enum(OPERATIONS)).min(1).default(["CREATE", "UPDATE"]),
    when: cel.optional(),
  }),
  z.strictObject({ subject: z.literal("stack"), when: cel.optional() }),
]);

const each = z.union([
  z.enum(NAMED_LISTS),
  z.strictObject({
    list: cel.describe("gives a list; evaluated once"),
    as: identifier.describe("the name of one item in `expression`"),
    path: dottedPath.describe("where the list stands, e.g. spec.egress"),
  }),
]);

const validation = z
  .strictObject({
    each: each.optional(),
    expression: cel.describe("true where the rule holds"),
    message: z.string().min(1).optional(),
    messageExpression: cel.optional(),
    /** Where the fault is: relative to the item (`each`), to the pod spec (`podSpec`), or to the object. */
    path: dottedPath.optional(),
    /** This validation holds at these gates only. Absent: wherever the rule does. */
    gates: z.array(z.enum(GATES)).min(1).optional(),
  })
  .refine((v) => (v.message === undefined) !== (v.messageExpression === undefined), {
    message: "give exactly one of `message` and `messageExpression`",
  });

const parameter = z.strictObject({
  type: z.enum(["string", "integer", "number", "boolean", "quantity", "strings", "objects"]),
  description: z.string().min(1),
  /** Absent: without a value the rule is not evaluated, and says so as an obligation. */
  default: z.unknown().optional(),
  allowed: z.array(z.union([z.string(), z.number()])).optional(),
  /** Path into the parsed stack, used when no value is configured, e.g. `registry.host`. */
  fromStack: dottedPath.optional(),
});

const expectation = z.strictObject({
  path: z.string().optional(),
  /** A part of the message. */
  message: z.string().optional(),
});

const manifest = z.record(z.string(), z.unknown());
const exampleFields = {
  title: z.string().min(1),
  params: z.record(z.string(), z.unknown()).optional(),
  /** One object. For `subject: stack` it is the stack. */
  object: manifest.optional(),
  /** Several, for rules that look at several at once. */
  objects: z.array(manifest).optional(),
  /** A pod spec; it is tried in every kind that holds one. Paths in `expect` are then relative to it. */
  podSpec: manifest.optional(),
  /** What the stack says, for rules over objects that also read the stack. */
  stack: manifest.optional(),
  /** The rule is tried at these gates only, with the reason in the title. Absent: wherever it holds. */
  gates: z.array(z.enum(GATES)).min(1).optional(),
};
const oneSubject = (e: { object?: unknown; objects?: unknown; podSpec?: unknown }): boolean =>
  [e.object, e.objects, e.podSpec].filter((v) => v !== undefined).length === 1;
const oneSubjectMessage = { message: "give exactly one of `object`, `objects`, `podSpec`" };

const goodExample = z.strictObject(exampleFields).refine(oneSubject, oneSubjectMessage);
const badExample = z
  .strictObject({ ...exampleFields, expect: z.array(expectation).min(1) })
  .refine(oneSubject, oneSubjectMessage);
const undeterminedExample = z
  .strictObject({ ...exampleFields, unknown: z.array(dottedPath).min(1), expect: z.array(expectation).default([]) })
  .refine(oneSubject, oneSubjectMessage);

export const ruleSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
    title: z.string().min(1).max(120),
    category: z.enum(CATEGORIES),
    severity: z.enum(["mandatory", "advisory"]),
    gates: z.array(z.enum(GATES)).min(1),
    /** Articles of the GDPR that the rule helps with, e.g. ["32(1)(b)", "44"]. */
    articles: z.array(z.string().regex(/^\d+(\(\d+\))?(\([a-z]\))?$/)).default([]),
    reason: z.string().min(1),
    remediation: z.string().min(1),
    undecidable: z.string().optional(),
    match,
    params: z.record(identifier, parameter).default({}),
    variables: z.array(z.strictObject({ name: identifier, expression: cel })).default([]),
    validations: z.array(validation).default([]),
    /** A TypeScript rule in `policies/implementations/`, for what needs several objects or the stack at once. */
    implementation: z.strictObject({ name: z.string(), gates: z.array(z.enum(GATES)).min(1) }).optional(),
    examples: z.strictObject({
      good: z.array(goodExample).min(1),
      bad: z.array(badExample).min(1),
      undetermined: z.array(undeterminedExample).default([]),
    }),
  })
  .superRefine((rule, ctx) => {
    const fault = (message: string, path: string[]) => ctx.addIssue({ code: "custom", message, path });
    if (rule.validations.length === 0 && !rule.implementation) {
      fault("a rule needs `validations`, an `implementation`, or both", ["validations"]);
    }
    if (rule.category === "gdpr-data-locality" && rule.articles.length === 0) {
      fault("a data-locality rule names at least one article", ["articles"]);
    }
    if (rule.match.subject === "stack" && rule.gates.includes("admission")) {
      fault("the API server does not see the stack: leave `admission` out", ["gates"]);
    }
    if (rule.match.subject === "object" && rule.match.requester !== "anybody" && rule.gates.includes("crossguard")) {
      fault("the program is no tenant: leave `crossguard` out", ["gates"]);
    }
    if (rule.implementation?.gates.includes("admission")) {
      fault("TypeScript does not run in the API server: leave `admission` out", ["implementation", "gates"]);
    }
    if (rule.gates.includes("admission") && rule.validations.length === 0) {
      fault("a rule without `validations` cannot hold at admission", ["gates"]);
    }
    if (rule.implementation && !rule.undecidable) {
      fault("say in `undecidable` what one object cannot tell", ["undecidable"]);
    }
  });

export type Rule = z.infer<typeof ruleSchema>;
export type Match = Rule["match"];
export type Validation = Rule["validations"][number];
export type Parameter = Rule["params"][string];
export type Severity = Rule["severity"];
