import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { refDigest } from '../../src/wire/mirrors/ref-digest.ts';
import { decodeMirrorDocument } from '../../src/wire/mirrors/mirror-document.ts';
import { MirrorAnswerDecoder } from '../../src/wire/mirrors/mirror-answer.ts';
import { decodeMirrorNotice } from '../../src/wire/mirrors/mirror-notice.ts';
import { decodeMirrorQuery } from '../../src/wire/mirrors/mirror-query.ts';
import { decodeMirrorKeys } from '../../src/wire/mirrors/git-protocol-keys.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import { withRepository } from '../upload/open-repository.ts';
import { decodeMessage, pktLines } from '../wire/chunking.ts';

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'mirror-protocol.md'), 'utf8');

/** Lines of the blocks of that kind, block by block. */
function blocks(kind: string): string[][] {
  return [...page.matchAll(new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) =>
    text.trimEnd().split('\n'),
  );
}

/** Lines without their lengths, up to the marker behind `start`. */
function linesFrom(start: string): string[] {
  const lines = blocks('pkt').find((block) => block.some((line) => line.slice(4).startsWith(start))) ?? [];
  const first = lines.findIndex((line) => line.slice(4).startsWith(start));
  const rest = lines.slice(first);
  return rest
    .slice(
      0,
      rest.findIndex((line) => /^000[01]$/.test(line)),
    )
    .map((line) => line.slice(4));
}

describe('docs/mirror-protocol.md', () => {
  it('has pkt-lines as long as it says', () => {
    const lines = blocks('pkt')
      .flat()
      .filter((line) => !line.startsWith('…') && !/^000[012]$/.test(line));
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      // Error packets have no LF.
      const expected = Buffer.byteLength(line) + (line.slice(4).startsWith('ERR ') ? 0 : 1);
      expect([line, Number.parseInt(line.slice(0, 4), 16)]).toEqual([line, expected]);
    }
  });

  it('shows requests and answers that are understood', () => {
    expect(decodeMirrorQuery(linesFrom('limit='))).toEqual({ limit: 2, protocols: ['https', 'git'] });
    expect(decodeMirrorNotice(linesFrom('at='))).toMatchObject({
      at: 'https://de.example/project.git',
      ttlSeconds: 3600,
    });
    const answer = decodeMessage(new MirrorAnswerDecoder(), [pktLines(...linesFrom('canonical'), '0000')]);
    const [json = []] = blocks('json');
    const document = decodeMirrorDocument(Buffer.from(json.join('\n')));
    if (answer.kind !== 'list' || document.answer.kind !== 'list') throw new Error('no list');
    expect(document.answer.list.mirrors[0]).toEqual(answer.list.mirrors[0]);
    expect(document.answer.list.more).toEqual(answer.list.more);
    expect(document).toMatchObject({ url: 'https://git.example/project.git', digest: answer.list.mirrors[0]?.digest });
    const [, keys = ''] = /Git-Protocol: ([^']*)'/.exec(page) ?? [];
    expect(decodeMirrorKeys(keys).url).toBe('https://origin.example/project.git');
  });

  it('computes the ref digest as it is', async () => {
    const script = blocks('sh').find((lines) => lines.at(-1)?.includes('sha256sum') === true) ?? [];
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), { commits: 4, branches: 3, tags: 3 });
    await repository.updateRef('refs/pushes/1', 'refs/heads/main');
    const { stdout } = await promisify(execFile)('sh', ['-c', script.join('\n')], { cwd: repository.path });
    const ours = await withRepository(repository.path, async ({ refs }) =>
      Promise.resolve(refDigest(refs.list('refs/'), refs.head()?.target)),
    );
    expect(stdout.split(' ')[0]).toBe(ours);
  });
});
