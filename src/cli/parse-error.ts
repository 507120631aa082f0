import type { CommanderError } from 'commander';
import { GitMirrorError } from '../core/error.ts';

/** Commander's codes for an end that is none of the user's mistakes. */
const helpCodes = new Set(['commander.helpDisplayed', 'commander.version', 'commander.help']);

/** Whether parsing ended because help or the version was asked for. */
export function isHelpEnd(error: CommanderError): boolean {
  return helpCodes.has(error.code) && error.exitCode === 0;
}

/**
 * What is wrong with the words of the command line, as an error of this package. Values are left out of the message:
 * a mistyped flag may carry a secret behind its equals sign, and so may a URL.
 */
export function toUsageError(error: CommanderError, commandName: string | undefined): GitMirrorError {
  const help = commandName === undefined ? 'git mirror -h' : `git mirror ${commandName} --help`;
  const [first = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
  const text = first
    .replace(/^(unknown option '-[^=']*)=[^]*'$/, "$1'")
    .replace(/^(too many arguments.*? but got \d+)[^]*$/, '$1')
    .replace(/\.$/, '');
  const suggestion = suggestions.map((line) => ` ${line.replace(/^\(|\)$/g, '')}`).join('');
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.${suggestion}`;
  return new GitMirrorError('GM_USAGE', `${sentence} See \`${help}\`.`, { details: { reason: error.code } });
}
