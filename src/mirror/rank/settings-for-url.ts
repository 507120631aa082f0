import { parseConfigBoolean } from '../../repository/config/config-number.ts';
import type { GitProgram } from '../git-program.ts';
import type { MeasureSettings } from './measure-reach.ts';

/**
 * The environment in which our own client does for `url` what git would do: with `http.proxy`, `http.sslCAInfo` and
 * `http.sslVerify` of git's configuration (git-config(1)), where the environment does not say it already. One run of git for an
 * HTTP URL.
 */
export async function settingsForUrl(git: GitProgram, url: string): Promise<Pick<MeasureSettings, 'env' | 'caFile'>> {
  if (!/^https?:/i.test(url)) return { env: git.env };
  const { stdout } = await git.run(['config', '-z', '--get-urlmatch', 'http', url], { allowStatus: [1] });
  const settings = new Map(
    stdout.split('\0').map((entry): [string, string] => {
      const end = entry.indexOf('\n');
      return end < 0 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)];
    }),
  );
  const env: NodeJS.ProcessEnv = { ...git.env };
  const proxy = settings.get('http.proxy');
  // As for git, an empty one means none at all.
  if (proxy === '') env['no_proxy'] = '*';
  else if (proxy !== undefined) env['http_proxy'] = env['https_proxy'] = proxy;
  const verify = settings.get('http.sslverify');
  if (verify !== undefined && parseConfigBoolean(verify) === false) env['GIT_SSL_NO_VERIFY'] ??= '1';
  return { env, caFile: env['GIT_SSL_CAINFO'] === undefined ? settings.get('http.sslcainfo') : undefined };
}
