import { marked } from "marked";
import { markdown } from "./markdown";
import type { Review } from "./review";

// No script and nothing fetched: the policy holds even if something of a stack file were taken for markup.
const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --shade: light-dark(#f6f8fa, #212830); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h2 { border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
h3 { margin-top: 2rem; }
code { background: var(--shade); border-radius: .3rem; padding: .1rem .3rem; font-size: .9em; }
pre { background: var(--shade); border-radius: .3rem; padding: .8rem; white-space: pre-wrap; }
pre code { padding: 0; }
sub { font-size: .85em; vertical-align: baseline; opacity: .8; }
@media print { body { max-width: none; margin: 0; } details > * { display: block; } }
</style>
`;

/** The whole review as one page that fetches nothing, and prints. */
export function html(review: Review): string {
  const body = marked.parse(markdown(review), { async: false, gfm: true });
  return `${HEAD}<title>Preview of ${review.stack}</title>\n</head>\n<body>\n${body}</body>\n</html>\n`;
}
