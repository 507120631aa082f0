import type { NotifyOutcome } from '../../client/notify-origin.ts';
import { GitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { clientSettings } from '../client-options.ts';
import { readCredentials } from '../credentials.ts';
import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';

const defaultTtlMs = 3600_000;

/** `git mirror notify`. */
export async function runNotify(invocation: Invocation): Promise<number> {
  const { host, operands, flags, signal } = invocation;
  const [origin = ''] = operands;
  const { at, repository = '.', ttl = defaultTtlMs } = flags;
  if (at === undefined) {
    throw new GitMirrorError('GM_USAGE', 'Say with --at where the mirror can be fetched from', {
      details: { field: 'at' },
    });
  }
  const credentials = await readCredentials(invocation);
  invocation.keepSecret(credentials.secrets);
  const { options, trace } = clientSettings(invocation, credentials);
  try {
    const ttlSeconds = Math.round(ttl / 1000);
    const { digest, outcome } = await host.announceRepository({
      origin,
      at,
      repository,
      ttlSeconds,
      client: options,
      signal,
    });
    const sentence = sentenceOf(outcome, displayUrl(origin), at);
    new Console(host, flags, credentials.secrets).writeResult(
      {
        origin: displayUrl(origin),
        at,
        digest,
        answer: outcome.kind,
        ...('reason' in outcome ? { reason: outcome.reason } : {}),
      },
      ({ clean }) => [clean(sentence)],
    );
    return outcome.kind === 'ok' ? exitStatus.done : exitStatus.failed;
  } finally {
    trace?.close();
  }
}

function sentenceOf(outcome: NotifyOutcome, origin: string, at: string): string {
  switch (outcome.kind) {
    case 'ok':
      return `${origin} has seen ${at} and lists it.`;
    case 'ignored':
      return `${origin} takes no notices of mirrors (mirror.notify is not set there).`;
    case 'refused':
      return `${origin} does not list ${at}: ${outcome.reason}.`;
    case 'unknown':
      return `${origin} knows nothing of mirrors.`;
  }
}
