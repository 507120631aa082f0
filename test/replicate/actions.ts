import type { RefResult } from '../../src/index.ts';

/** `create refs/heads/main` for each ref, in the order of the result. */
export function actionsOf({ refs }: { readonly refs: readonly RefResult[] }): readonly string[] {
  return refs.map(({ action, targetRef }) => `${action} ${targetRef}`);
}

/** Why each ref is treated as it is, by target ref. */
export function reasonsOf({ refs }: { readonly refs: readonly RefResult[] }): Readonly<Record<string, string>> {
  return Object.fromEntries(refs.map(({ targetRef, reason }) => [targetRef, reason]));
}
