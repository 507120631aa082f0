import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { MirrorAnswer, MirrorEntry } from '../../src/wire/mirrors/mirror-list.ts';

/** URLs that may stand in a list. */
export const listedUrl: Arbitrary<string> = fc.stringMatching(/^(?:https?|git|ssh):\/\/[!-~]{1,60}$/);

/** Ref digests. */
export const refDigestText: Arbitrary<string> = fc.stringMatching(/^[0-9a-f]{64}$/);

const count = fc.integer({ min: 0, max: 0x7fff_ffff });

const entry: Arbitrary<MirrorEntry> = fc.record(
  {
    url: listedUrl,
    ttlSeconds: count,
    state: fc.constantFrom('current', 'partial', 'unknown'),
    digest: refDigestText,
    region: fc.stringMatching(/^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/),
    stratum: count,
  },
  { requiredKeys: ['url'] },
);

/** Answers that have a form on the wire. */
export const mirrorAnswer: Arbitrary<MirrorAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant('list'),
    list: fc.record(
      {
        canonical: fc.array(listedUrl),
        prefer: fc.constantFrom('now', 'always', 'never'),
        mirrors: fc.array(entry),
        more: fc.record({
          count: fc.integer({ min: 1, max: 0x7fff_ffff }),
          cursor: fc.stringMatching(/^[!-~]{1,40}$/),
        }),
      },
      { requiredKeys: ['canonical', 'prefer', 'mirrors'] },
    ),
  }),
  fc.record({ kind: fc.constant('not-found'), valid: fc.array(listedUrl) }),
);
