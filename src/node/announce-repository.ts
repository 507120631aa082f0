import { resolve } from 'node:path';
import type { NotifyOutcome } from '../client/notify-origin.ts';
import { repositoryDigest } from '../server/mirrors/repository-digest.ts';
import type { Options } from '../sync/client.ts';
import { tellOrigin } from '../sync/tell-origin.ts';

/** Which mirror an origin is told of, and how it is reached. */
export interface Announcement {
  readonly origin: string;
  /** Where the mirror can be fetched from. */
  readonly at: string;
  /** Its repository on this machine. */
  readonly repository: string;
  readonly ttlSeconds: number;
  readonly client: Options;
  readonly signal: AbortSignal;
}

/** What became of it. */
export interface AnnouncementResult {
  /** The ref digest that was told. */
  readonly digest: string;
  readonly outcome: NotifyOutcome;
}

/**
 * Tells an origin once of a mirror that is kept here, by whatever program.
 *
 * @throws GitMirrorError `GM_NOT_FOUND` when there is no such repository, and what reaching the origin throws
 */
export async function announceRepository(announcement: Announcement): Promise<AnnouncementResult> {
  const { origin, at, repository, ttlSeconds, client, signal } = announcement;
  const digest = repositoryDigest(resolve(repository), client.env ?? process.env);
  return { digest, outcome: await tellOrigin(origin, { at, digest, ttlSeconds }, client, signal) };
}
