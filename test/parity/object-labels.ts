import { runGit } from '../repositories/run-git.ts';

const oidPattern = /\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g;

/**
 * Gives objects names that people and both formats can read: commits that of their subject, tags their own, the rest
 * numbers in the order in which they are met.
 */
export class ObjectLabels {
  readonly #labels = new Map<string, string>();
  readonly #used = new Set<string>();
  #others = 0;

  /** Learns the commits and tags of a repository. */
  async learn(path: string): Promise<void> {
    const batch = ['cat-file', '--batch-all-objects', '--batch-check=%(objecttype) %(objectname)'];
    const listed = await runGit(batch, { cwd: path }).catch(() => '');
    const named = listed.split('\n').filter((line) => /^(?:commit|tag) /.test(line));
    const contents = await runGit(['cat-file', '--batch'], {
      cwd: path,
      input: named.map((line) => `${line.split(' ')[1] ?? ''}\n`).join(''),
      env: { GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1' },
    });
    for (const part of contents.matchAll(/^([0-9a-f]{40,64}) (commit|tag) \d+\n([\s\S]*?)\n\n(.*)/gm)) {
      const [, oid = '', type, head = '', subject = ''] = part;
      const name = type === 'tag' ? (/^tag (.*)$/m.exec(head)?.[1] ?? '') : subject;
      this.#add(oid, `<${type === 'tag' ? 'tag ' : ''}${name}>`);
    }
  }

  /** `text` with every object name in it replaced. */
  apply(text: string): string {
    return text.replace(oidPattern, (oid) => {
      const known = this.#labels.get(oid);
      if (known !== undefined) return known;
      if (/^0+$/.test(oid)) return '<none>';
      this.#others += 1;
      this.#add(oid, `<object ${this.#others}>`);
      return this.#labels.get(oid) ?? oid;
    });
  }

  #add(oid: string, label: string): void {
    if (this.#labels.has(oid)) return;
    let unique = label;
    for (let count = 2; this.#used.has(unique); count += 1) unique = label.replace(/>$/, ` ${count}>`);
    this.#used.add(unique);
    this.#labels.set(oid, unique);
  }
}
