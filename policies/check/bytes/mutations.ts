import type { Random } from "./random";

/** A change of a text that readers may take in more than one way. */
export type Mutation = (text: string, random: Random) => string;

const anywhere = (text: string, random: Random, piece: string) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
};

/** Changes one line, given without its end. */
const line = (change: (line: string, random: Random) => string): Mutation => {
  return (text, random) => {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    lines[at] = change(lines[at] ?? "", random);
    return lines.join("\n");
  };
};

const ENDS = ["\r", "\r\n", "\u0085", "\u2028", "\u2029", "\v", "\f", "\n\r"];
const SPACES = ["\t", "\u00a0", "\u3000", "\u200b", "  ", " "];
const POD = (name: string) =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"},"spec":{"containers":[{"name":"a","image":"${name}"}]}}`;
const another = (random: Random) => POD(`more-${random.below(2 ** 31)}`);
const onALine = (random: Random) => `\n${another(random)}\n`;

/** By name, so that a file which shows something tells how it came about. */
export const MUTATIONS: Record<string, Mutation> = {
  "all line ends are others": (text, random) => text.replaceAll("\n", random.pick(["\r\n", "\r", "\u0085", "\u2028"])),
  "one line end is another": line((text, random) => text + random.pick(ENDS)),
  "a line end in the middle": (text, random) => anywhere(text, random, random.pick([...ENDS, "\n"])),
  "a comment that ends early": line((text, random) => `${text} # a${random.pick(ENDS)}hostPID: true`),
  "a comment that hides a document": (text, random) => `${text}\n# a${random.pick(ENDS)}---${onALine(random)}`,
  "a mark at the beginning": (text) => `\ufeff${text}`,
  "a mark anywhere": (text, random) => anywhere(text, random, "\ufeff"),
  "a mark on a line": line((text) => `\ufeff${text}`),
  "a mark before another document": (text, random) => `${text}\n---\n\ufeff${another(random)}\n`,
  "a mark before the dashes": (text, random) => `${text}\n\ufeff---${onALine(random)}`,
  "a line is indented": line((text, random) => random.pick([...SPACES, "   "]) + text),
  "a line is indented less": line((text) => text.replace(/^ /, "")),
  "all is indented": (text) => text.replace(/^/gm, "  "),
  "all but the first line is indented": (text) => text.replace(/\n/g, "\n "),
  "a space of another sort": (text, random) => anywhere(text, random, random.pick(SPACES)),
  "a space behind a line": line((text, random) => text + random.pick(SPACES)),
  "an anchor and an alias": line((text) => text.replace(/: (\S.*)$/, ": &b $1\nalias: *b")),
  "a merge": line((text) => text.replace(/^( *)(\w+:.*)$/, "$1<<: {zone: a, kind: b}\n$1$2")),
  "a merge of an alias": (text, random) => {
    const name = `merged-${random.below(2 ** 31)}`;
    return `base: &base ${POD(name)}\n---\nbase: &base ${POD(name)}\n<<: *base\n---\n${text}`;
  },
  "a tag": line((text, random) =>
    text.replace(/: /, `: ${random.pick(["!!str", "!a", "!", "!!map", "!!int", "!!null"])} `),
  ),
  "a tag of a document": (text, random) => `--- ${random.pick(["!!map", "!a", "&a", "!", "|", ">", "# a"])}\n${text}`,
  "a directive": (text, random) =>
    random.pick(["%YAML 1.1", "%YAML 1.2", "%TAG ! tag:a,2000:", "%a"]) + random.pick(["\n---\n", "\n"]) + text,
  "a directive behind a document": (text, random) => `${text}\n...\n%YAML 1.1\n---${onALine(random)}`,
  "another document": (text, random) => `${text}\n---${onALine(random)}`,
  "another document without an end of line": (text, random) => `${text.trimEnd()}\n---\n${another(random)}`,
  "another document before": (text, random) => `${another(random)}\n---\n${text}`,
  "another document behind the dashes": (text, random) => `${text}\n--- ${another(random)}\n`,
  "another document behind dashes of another form": (text, random) =>
    `${text}\n${random.pick([" ---", "----", "---\t", "--- ", "---a", "---#", "--", "---\r", "- - -", "\t---"])}${onALine(random)}`,
  "another document behind three dots": (text, random) =>
    `${text}\n${random.pick(["...", "... # a", "...a", " ..."])}${onALine(random)}`,
  "three dashes on a line": line((text, random) =>
    random.pick([`---\n${text}`, `${text}\n---`, `--- ${text}`, `${text} ---`]),
  ),
  "three dots on a line": line((text) => `...\n${text}`),
  "JSON behind": (text, random) => text.trimEnd() + random.pick(["", " ", "\n", "\n\n", ","]) + another(random),
  "JSON before": (text, random) => another(random) + random.pick(["", " ", "\n"]) + text,
  "JSON twice": (_, random) =>
    another(random) + random.pick(["", " ", "\n", "\t", "\r", "\n---\n", "//\n"]) + another(random),
  "braces around": (text) => `{\n${text}\n}`,
  "a bracket at another column": (text, random) =>
    text.replace(/([}\]])(?=[^}\]]*$)/, `\n${" ".repeat(random.below(4))}$1`),
  "a bracket anywhere": (text, random) => anywhere(text, random, random.pick(["{", "}", "[", "]"])),
  "a quote anywhere": (text, random) => anywhere(text, random, random.pick(['"', "'", "`"])),
  "a quoted text over lines": line((text, random) =>
    text.replace(/: *(\w+)$/, `: "$1${random.pick(["\n", "\\\n", "\n---\n", "\n...\n"])} b"`),
  ),
  "a literal text": line((text, random) =>
    text.replace(/: *(\w+)$/, `: ${random.pick(["|", ">", "|2", ">-", "|+1"])}\n        $1`),
  ),
  "a text that holds a document": (text, random) => `${text}\n---\ntext: |\n  a\n---${onALine(random)}`,
  "braces of a template": (text, random) =>
    anywhere(text, random, random.pick(["{{ a }}", "{{- if a }}", '"{{ a }}"', "# {{ a }}\n"])),
  "a line of a template": line((text) => `{{- if .a }}\n${text}\n{{- end }}`),
  "a line twice": line((text) => `${text}\n${text}`),
  "a key twice": (text, random) =>
    `${text}\n${random.pick(["kind: Pod", "apiVersion: v1", '"kind": Pod', "metadata: {}"])}\n`,
  "a key in other letters": (text, random) =>
    text.replace(random.pick(["kind", "items", "apiVersion", "spec"]), (key) => key.toUpperCase()),
  "an explicit key": line((text) => text.replace(/^( *)(\w+):/, "$1? $2\n$1:")),
  "items of what is no list": (text, random) => `${text}\nitems: [${another(random)}]\n`,
  "items in capitals": (text, random) => `${text}\nItems: [${another(random)}]\n`,
  "a list in a list": (text, random) =>
    `${text}\n---\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: [${another(random)}]}]}\n`,
  "a list of another name": (text, random) =>
    `${text}\n---\n{apiVersion: v1, kind: ShipList, items: [${another(random)}]}\n`,
  "a number of YAML 1.1": line((text, random) =>
    text.replace(
      /: *(\S+)$/,
      `: ${random.pick(["yes", "010", "0o10", "1_0", "1:30", ".inf", "1e3", "0x10", "+.5", "-0", "9007199254740993"])}`,
    ),
  ),
  "a character that is none": (text, random) =>
    anywhere(text, random, random.pick(["\0", "\x07", "\x1b", "\x7f", "\ufffe", "\ud83d\ude00"])),
  "a comment with odd characters": line(
    (text, random) => `${text} # ${random.pick(["\u2028", "\t", "é", "\ufeff", "\x07", "{{", "---", "'"])} a`,
  ),
  "a comment without a space": line((text) => `${text}#a`),
  "a character is gone": (text, random) => {
    const at = random.below(text.length);
    return text.slice(0, at) + text.slice(at + 1);
  },
  "a line is gone": (text, random) => {
    const lines = text.split("\n");
    lines.splice(random.below(lines.length), 1);
    return lines.join("\n");
  },
  "it ends early": (text, random) => text.slice(0, random.below(text.length)),
  "two lines are exchanged": (text, random) => {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    const moved = lines.splice(at, 1);
    lines.splice(random.below(lines.length + 1), 0, ...moved);
    return lines.join("\n");
  },
};
