import { describe, expect, it } from 'vitest';
import { GitMirrorError } from '../../core/error.ts';
import { AskedMirrors } from './asked-mirrors.ts';
import { encodeThreadError } from './thread-error.ts';
import type { MirrorQuestion } from './thread-messages.ts';

const notice = { at: 'https://m/x', digest: '0'.repeat(64), ttlSeconds: 60 };

function asking(): { readonly mirrors: AskedMirrors; readonly asked: (readonly [number, MirrorQuestion])[] } {
  const asked: (readonly [number, MirrorQuestion])[] = [];
  return { asked, mirrors: new AskedMirrors((ask, question) => asked.push([ask, question])) };
}

describe('M5, M7: questions of a thread about mirrors', () => {
  it('get each the answer to its own number, in whatever order they come', async () => {
    const { mirrors, asked } = asking();
    const list = mirrors.list({ limit: 3 });
    const noticed = mirrors.notify(notice);
    expect(asked).toEqual([
      [0, { kind: 'list', query: { limit: 3 } }],
      [1, { kind: 'notify', notice }],
    ]);
    mirrors.receive(1, { kind: 'notify', answer: { kind: 'ok' } });
    mirrors.receive(0, { kind: 'list', answer: { kind: 'not-found', valid: [] } });
    mirrors.receive(7, { kind: 'notify', answer: { kind: 'ignored' } });
    expect(await list).toEqual({ kind: 'not-found', valid: [] });
    expect(await noticed).toEqual({ kind: 'ok' });
  });

  it('fail as the directory has failed', async () => {
    const { mirrors } = asking();
    const list = mirrors.list({});
    mirrors.receive(0, { kind: 'failed', error: encodeThreadError(new GitMirrorError('GM_CORRUPT', 'bad value')) });
    await expect(list).rejects.toMatchObject({ code: 'GM_CORRUPT', message: 'bad value' });
  });

  it('fail when the exchange is over, and are not asked afterwards', async () => {
    const { mirrors, asked } = asking();
    const list = mirrors.list({});
    mirrors.fail(new Error('gone'));
    await expect(list).rejects.toThrow('gone');
    await expect(mirrors.notify(notice)).rejects.toThrow('gone');
    expect(asked).toHaveLength(1);
  });

  it('do not take the answer to another question', async () => {
    const { mirrors } = asking();
    const list = mirrors.list({});
    mirrors.receive(0, { kind: 'notify', answer: { kind: 'ok' } });
    await expect(list).rejects.toMatchObject({ code: 'GM_INTERNAL' });
  });
});
