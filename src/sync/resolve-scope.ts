import { GitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { refKindOf, type RefKind } from '../core/ref-name.ts';
import type { RefMapping, RefScope } from './request.ts';

/** Refs of this package's own making on a target; never copied, never pruned. */
export const ownRefPrefix = 'refs/git-mirror/';

/** A ref of the source that takes part, and where it goes. */
export interface DesiredRef {
  readonly sourceRef: string;
  readonly targetRef: string;
  readonly oid: ObjectId;
  readonly kind: RefKind;
}

interface Rule {
  readonly source: string;
  readonly target: string;
  /** Explicit mappings are not subject to exclusions. */
  readonly explicit: boolean;
}

/** Short names mean branches: `main` → `refs/heads/main`. */
export function fullRefName(name: string): string {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`;
}

/** What `*` stands for in `pattern` when it matches `name`; undefined when it does not match. */
function matchPattern(pattern: string, name: string): string | undefined {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === name ? '' : undefined;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  const fits = name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after);
  return fits ? name.slice(before.length, name.length - after.length) : undefined;
}

/** A {@link RefScope} made ready to be asked: which source refs take part, and which target refs it manages. */
export class ResolvedScope {
  readonly #rules: readonly Rule[];
  readonly #branches: readonly string[];
  readonly #mappings: readonly RefMapping[];
  readonly #excludedPrefixes: readonly string[];
  readonly #excludedNames: ReadonlySet<string>;

  constructor(scope: RefScope, includeTags: boolean) {
    this.#mappings = (scope.mappings ?? []).map(({ source, target }) => ({
      source: fullRefName(source),
      target: fullRefName(target),
    }));
    this.#branches = (scope.branches ?? []).map(fullRefName);
    this.#excludedPrefixes = [ownRefPrefix, ...(scope.excludeRefPrefixes ?? [])];
    this.#excludedNames = new Set(scope.excludeRefs ?? []);

    const same = (name: string): Rule => ({ source: name, target: name, explicit: false });
    const rules: Rule[] = this.#mappings.map((mapping) => ({ ...mapping, explicit: true }));
    if (scope.allRefs === true) rules.push(same('refs/*'));
    else {
      if (this.#branches.length > 0) rules.push(...this.#branches.map(same));
      else if (this.#mappings.length === 0) rules.push(same('refs/heads/*'));
      if (includeTags) rules.push(same('refs/tags/*'));
    }
    this.#rules = rules;
  }

  /** What to ask the source for: prefixes of all refs that can take part, none covering another. */
  get sourcePrefixes(): readonly string[] {
    const prefixes = [...new Set(this.#rules.map(({ source }) => source.replace(/\*.*$/, '')))].sort();
    return prefixes.filter((prefix, index) => !prefixes.slice(0, index).some((other) => prefix.startsWith(other)));
  }

  /**
   * The refs that take part. Throws `GM_USAGE` when two of them would go to the same target ref, and `GM_NOT_FOUND`
   * when a ref that was asked for by name does not exist, unless `allowMissing` (a prune deletes it then).
   */
  select(
    refs: readonly { readonly name: string; readonly oid: ObjectId }[],
    options: { readonly sourceUrl: string; readonly allowMissing: boolean },
  ): readonly DesiredRef[] {
    const byTarget = new Map<string, DesiredRef>();
    const seen = new Set<string>();
    for (const { name, oid } of refs) {
      for (const targetRef of this.#targetsOf(name)) {
        const other = byTarget.get(targetRef);
        if (other !== undefined && other.sourceRef !== name) {
          throw new GitMirrorError(
            'GM_USAGE',
            `scope.mappings: ${other.sourceRef} and ${name} would both be written to ${targetRef}. Map them to different refs.`,
            { details: { field: 'scope.mappings', targetRef, sourceRefs: [other.sourceRef, name] } },
          );
        }
        byTarget.set(targetRef, { sourceRef: name, targetRef, oid, kind: refKindOf(targetRef) });
        seen.add(name);
      }
    }
    if (!options.allowMissing) this.#assertNoneMissing(seen, options.sourceUrl);
    return [...byTarget.values()];
  }

  /** Whether a ref of the target is within scope, so that a prune may delete it. */
  manages(targetRef: string): boolean {
    return this.#rules.some(
      (rule) => matchPattern(rule.target, targetRef) !== undefined && (rule.explicit || !this.#isExcluded(targetRef)),
    );
  }

  /** Mapped refs go only where they are mapped to, not under their own name too. */
  #targetsOf(name: string): readonly string[] {
    const explicit = this.#rules.filter((rule) => rule.explicit && matchPattern(rule.source, name) !== undefined);
    const rules = explicit.length > 0 ? explicit : this.#isExcluded(name) ? [] : this.#rules;
    const targets: string[] = [];
    for (const rule of rules) {
      const star = matchPattern(rule.source, name);
      if (star !== undefined) targets.push(rule.target.replace('*', () => star));
    }
    return [...new Set(targets)];
  }

  #isExcluded(name: string): boolean {
    return this.#excludedNames.has(name) || this.#excludedPrefixes.some((prefix) => name.startsWith(prefix));
  }

  #assertNoneMissing(seen: ReadonlySet<string>, sourceUrl: string): void {
    const named = [...this.#branches, ...this.#mappings.map(({ source }) => source)];
    const missing = named.filter((name) => !name.includes('*') && !seen.has(name) && !this.#excludedNames.has(name));
    if (missing.length === 0) return;
    throw new GitMirrorError('GM_NOT_FOUND', `${sourceUrl} has no ref ${missing.join(', ')}. Check the name.`, {
      details: { refs: missing },
    });
  }
}
