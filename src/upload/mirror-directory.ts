import type { MirrorAnswer, MirrorNotice, MirrorQuery, NoticeAnswer } from '../wire/mirrors/mirror-list.ts';

/**
 * What the commands `mirrors` and `mirror-notify` ask (docs/mirror-protocol.md), bound to one repository and one caller. An
 * exchange without one does not offer them.
 */
export interface MirrorDirectory {
  /** Never throws for what a caller can send; throws `GM_CORRUPT` for a configuration that makes no sense. */
  list(query: MirrorQuery): Promise<MirrorAnswer>;
  /** Resolves when the mirror has been called back, or at once when notices are not wanted. */
  notify(notice: MirrorNotice): Promise<NoticeAnswer>;
}
