import type { ServedRepository } from './repository-lookup.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');
}

/** The page at `/`: every repository with the command that clones it. `baseUrl` ends in a slash. */
export function renderIndexPage(repositories: readonly ServedRepository[], baseUrl: string): string {
  const rows = repositories.map(({ name, state, upstream }) => {
    const command = state === 'ready' ? `git clone ${baseUrl}${name}` : 'the first copy is being made';
    return (
      `<tr><td>${escapeHtml(name)}</td><td><code>${escapeHtml(command)}</code></td>` +
      `<td>${escapeHtml(upstream ?? '')}</td></tr>`
    );
  });
  const table =
    rows.length === 0
      ? '<p>No repositories yet.</p>'
      : `<table>\n<tr><th>Repository</th><th>Clone</th><th>Copied from</th></tr>\n${rows.join('\n')}\n</table>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>git-mirror</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #8884; padding: .4rem .8rem .4rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere }
</style>
<h1>Repositories</h1>
${table}
</html>
`;
}
