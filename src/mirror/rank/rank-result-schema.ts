import { z } from 'zod';
import { errorMeanings, type ErrorCode } from '../../core/error.ts';

const codes = Object.keys(errorMeanings) as readonly ErrorCode[];
const failure = z.object({ code: z.enum(codes), message: z.string() }).readonly();
const measured = (description: string) => z.number().nullable().meta({ description });

const entry = z
  .object({
    url: z.string().meta({ description: 'URL of the mirror, credentials removed.' }),
    connectMs: measured('Milliseconds of one TCP connection.'),
    firstByteMs: measured('Milliseconds until the first byte of its answer.'),
    bytesPerSecond: measured('Throughput of a download of at most 1 MiB.'),
    sameBranches: measured("Branches of the origin that it has at the origin's commit."),
    originBranches: measured('Branches of the origin.'),
    score: measured('The smallest is the best; null for a mirror that cannot be used.'),
    error: failure.nullable(),
  })
  .readonly();

/** The document of `git mirror rank --json`. */
export const rankResultSchema = z
  .object({
    remote: z.string().nullable().meta({ description: 'Name of the remote; null for a URL that is none.' }),
    originUrl: z.string().meta({ description: 'URL of the origin, credentials removed.' }),
    originError: failure.nullable().meta({ description: "Why the origin's branches are not known." }),
    measuredAt: z.string().meta({ description: 'ISO 8601.' }),
    stored: z.number().meta({ description: 'How many were remembered in the configuration.' }),
    preferred: z.string().nullable().meta({ description: 'What remote.<name>.preferredMirror was set to.' }),
    mirrors: z.array(entry).readonly().meta({ description: 'The best first, those that cannot be used last.' }),
  })
  .readonly()
  .meta({ title: 'RankResult', description: 'Outcome of git mirror rank.' });
