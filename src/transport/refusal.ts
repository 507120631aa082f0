import { GitMirrorError, type ErrorCode } from '../core/error.ts';

/** What to do about a refusal, and how it is recognised in the words of ssh, git and the large hosts. */
interface RefusalRule {
  readonly code: ErrorCode;
  readonly said: RegExp;
  /** What went wrong, after the URL. */
  readonly meaning: string;
  readonly advice: string;
}

/** The first rule that fits counts. */
const rules: readonly RefusalRule[] = [
  {
    code: 'GM_AUTH',
    said: /host key verification failed|remote host identification has changed|no matching host key/i,
    meaning: 'the host key is not known, or is not the one that was known',
    advice: 'connect once with ssh by hand and compare the key',
  },
  {
    code: 'GM_AUTH',
    said: /permission denied \([\w,-]+\)|permission denied, please try|too many authentication failures|no supported authentication methods/i,
    meaning: 'the login was refused',
    advice: 'load a key with ssh-add or name one in GIT_SSH_COMMAND; nobody is asked for a password',
  },
  {
    code: 'GM_AUTH',
    said: /authentication failed|could not read (?:username|password)/i,
    meaning: 'the login was refused',
    advice: 'set up a credential helper that knows this server; nobody is asked for a password',
  },
  {
    code: 'GM_TLS',
    said: /ssl certificate|certificate (?:verif|subject|has expired)|tls (?:connect|alert|handshake)/i,
    meaning: 'the secure connection could not be made',
    advice: 'check the certificate of the server',
  },
  {
    code: 'GM_NETWORK',
    said: /could not resolve (?:host|proxy)|name or service not known|temporary failure in name resolution|connection (?:refused|timed out|reset|closed by)|operation timed out|no route to host|network is unreachable|failed to connect|couldn't connect/i,
    meaning: 'the host cannot be reached',
    advice: 'check its name, port and the network',
  },
  {
    code: 'GM_NOT_FOUND',
    said: /not exported|does not appear to be a git repository|not a git repository|invalid gitfile|(?:repository|project)\b.{0,4096}?\b(?:not (?:be )?found|does not exist|doesn't exist)|no such (?:repository|project)/i,
    meaning: 'there is no such repository, or this user may not see it',
    advice: 'check the path',
  },
  {
    code: 'GM_FORBIDDEN',
    said: /dubious ownership|unsafe repository/i,
    meaning: 'git does not trust the owner of the repository',
    advice: 'add it to safe.directory in the configuration of the user that serves it',
  },
  {
    code: 'GM_FORBIDDEN',
    said: /service not enabled|access denied|permission(?: to \S+)? denied|read[- ]only|write access .{0,200}not granted|not (?:authori[sz]ed|allowed)|insufficient permission/i,
    meaning: 'this user may not do that there',
    advice: 'ask for access, or use another account or key',
  },
];

/** A refusal in words, and who spoke. */
export interface Refusal {
  /** URL without credentials. */
  readonly url: string;
  /** `ssh`, `git`, `the server`, `git-remote-foo`. */
  readonly speaker: string;
  /** What was said, fit to be shown. */
  readonly text: string;
  /** Code when the words are none of those known. */
  readonly otherwise: ErrorCode;
  /** What happened, when the words do not tell: `ssh ended with status 255`. */
  readonly happened?: string;
}

/** The error for a refusal that came as text: one of `GM_AUTH`, `GM_TLS`, `GM_NETWORK`, `GM_NOT_FOUND`, `GM_FORBIDDEN`, or `otherwise`. */
export function refusalOf(refusal: Refusal): GitMirrorError {
  const { url, speaker, text } = refusal;
  const rule = rules.find(({ said }) => said.test(text));
  const quote = text === '' ? '' : `; ${speaker} said: ${text}`;
  const details = { url, ...(text === '' ? {} : { remoteText: text }) };
  if (rule === undefined) {
    const happened = refusal.happened ?? 'the server refused';
    return new GitMirrorError(refusal.otherwise, `Talking to ${url} failed: ${happened}${quote}`, { details });
  }
  return new GitMirrorError(rule.code, `Talking to ${url} failed: ${rule.meaning} (${rule.advice})${quote}`, {
    details,
  });
}
