const authority = /([a-z0-9][a-z0-9+.-]*):\/\/([^/?#\s'"<>]*)@/gi;
const queryValues = /([?&][^=&#\s'"]{1,64})=[^&#\s'"]+/g;
const sshSchemes = new Set(['ssh', 'git+ssh', 'ssh+git']);

/**
 * `text` with every credential inside a URL removed: the password always, the user name except for ssh (elsewhere it
 * is often a token). For messages of others that may repeat a URL.
 */
export function redactUrls(text: string): string {
  return text.replace(authority, (_whole, scheme: string, userinfo: string) => {
    const user = userinfo.split(':', 1)[0] ?? '';
    return sshSchemes.has(scheme.toLowerCase()) && user !== '' ? `${scheme}://${user}@` : `${scheme}://`;
  });
}

/** `url` as it may be shown: {@link redactUrls}, the values of query parameters hidden too. Works on malformed URLs. */
export function displayUrl(url: string): string {
  const shown = redactUrls(url);
  return /^https?:\/\//i.test(shown) ? shown.replace(queryValues, '$1=***') : shown;
}
