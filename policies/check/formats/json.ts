import type { Entry } from "../../engine/verdict";
import type { CheckReport } from "../report";

/** One entry a rule and object. What could not be read stands among what was passed over; the exit code is then 2. */
export function toJson({ violations, obligations, exceptions, passedOver, unread, counts }: CheckReport): string {
  const content = {
    violations: violations.map(fields),
    obligations: obligations.map((entry) => ({ ...fields(entry), waitsFor: entry.waitsFor })),
    exceptions: exceptions.map((entry) => ({ ...fields(entry), exception: entry.exception })),
    passedOver: [
      ...unread.map(({ file, line, reason }) => ({ file, line, reason: `could not be read: ${reason}` })),
      ...passedOver,
    ],
    counts,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function fields(entry: Entry) {
  const { rule, severity, apiVersion, kind, namespace, name, path, message, remedy } = entry;
  const { file = null, line = null } = entry;
  return { rule, severity, file, line, apiVersion, kind, namespace, name, path, message, remedy };
}
