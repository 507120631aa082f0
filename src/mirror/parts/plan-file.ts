import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { isObjectId, type ObjectId } from '../../core/object-id.ts';
import { replaceFile } from '../../repository/replace-file.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { emptyPack, type Part } from './part.ts';

/** Name of the file in the repository. */
export const planFileName = 'git-mirror-plan.json';

/** Two million tips and their punctuation; a plan that is larger is not read. */
const maxPlanBytes = 128 * 1024 * 1024;
const maxPlanParts = 1024;

const objectId = z.custom<ObjectId>((value) => typeof value === 'string' && isObjectId(value));
const planSchema = z.object({
  version: z.literal(1),
  origin: z.string().max(8192),
  parts: z
    .array(
      z.object({
        tips: z.array(objectId).min(1).max(2_000_000),
        pack: z
          .string()
          .regex(new RegExp(`^(?:${emptyPack}|pack-(?:[0-9a-f]{40}|[0-9a-f]{64}))$`))
          .optional(),
        from: z.string().max(8192).optional(),
      }),
    )
    .max(maxPlanParts),
});

/**
 * The parts that an earlier run planned for `originUrl`, as the file at `path` tells; undefined when there is none, or it is
 * for another origin, or what it holds is no plan.
 */
export async function readPlan(path: string, originUrl: string): Promise<readonly Part[] | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxPlanBytes) return undefined;
    const plan = planSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return plan.origin === displayUrl(originUrl) ? plan.parts : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the plan at `path` as a whole: a crash leaves either the old one or the new one. */
export async function writePlan(path: string, originUrl: string, parts: readonly Part[]): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ version: 1, origin: displayUrl(originUrl), parts })}\n`);
}
