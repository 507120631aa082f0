import { isAbsolute } from 'node:path';
import { decodeRawText } from '../../core/raw-text.ts';
import { readSmallFile } from '../file-stamp.ts';

/** Variables of a process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where git's own files are, for `%(prefix)/`. */
const installationPrefix = '/usr';
const maxPasswdBytes = 16 * 1024 * 1024;

/**
 * A path of the configuration with `~/`, `~user/` and `%(prefix)/` replaced (git-config(1), "pathname"). Undefined when
 * nobody knows whose home is meant.
 */
export function expandPath(path: string, env: Environment): string | undefined {
  if (path.startsWith('%(prefix)/')) {
    const rest = path.slice('%(prefix)/'.length);
    return isAbsolute(rest) ? rest : `${installationPrefix}/${rest}`;
  }
  if (!path.startsWith('~')) return path;
  const slash = path.indexOf('/');
  const end = slash < 0 ? path.length : slash;
  const home = end === 1 ? env['HOME'] : homeOf(path.slice(1, end));
  return home === undefined ? undefined : home + path.slice(end);
}

function homeOf(user: string): string | undefined {
  const text = decodeRawText(readSmallFile('/etc/passwd', maxPasswdBytes)?.bytes ?? Buffer.of());
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === user) return fields[5];
  }
  return undefined;
}
