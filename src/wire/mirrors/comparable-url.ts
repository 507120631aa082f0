const ports: Readonly<Record<string, string>> = { http: '80', https: '443', git: '9418', ssh: '22' };
const withScheme = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#]*@)?(\[[^\]/?#]*\]|[^:/?#[\]]*)(?::([0-9]*))?([/?#].*)?$/is;
const scpForm = /^(?:[^/:@]*@)?(\[[^\]/]*\]|[^/:[\]]+):(?!\/\/)(.*)$/s;

/**
 * A text that is equal for URLs of which we take that they name the same repository (row M6): scheme and host in lower case,
 * without the scheme's own port, who logs in, slashes at the end and `.git`. The scp form of ssh is made a URL. For
 * comparing only: nobody connects to it.
 */
export function comparableUrl(url: string): string {
  const parts = withScheme.exec(url);
  if (parts !== null) {
    const [, scheme = '', host = '', port = '', rest = ''] = parts;
    return compose(scheme.toLowerCase(), host, port, rest);
  }
  const scp = scpForm.exec(url);
  if (scp !== null && !url.startsWith('/')) {
    const [, host = '', path = ''] = scp;
    return compose('ssh', host, '', path.startsWith('/') ? path : `/${path}`);
  }
  return compose('file', '', '', url);
}

function compose(scheme: string, host: string, port: string, rest: string): string {
  const plainScheme = scheme === 'git+ssh' || scheme === 'ssh+git' ? 'ssh' : scheme;
  const shownPort = port === '' || port === ports[plainScheme] ? '' : `:${Number(port)}`;
  const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(rest) ?? [];
  const name = withoutSlashes(withoutSlashes(path).replace(/\.git$/, ''));
  return `${plainScheme}://${host.toLowerCase()}${shownPort}${name}${query}`;
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 0x2f) end -= 1;
  return path.slice(0, end);
}
