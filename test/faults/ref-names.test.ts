import { describe, expect, test } from 'vitest';
import type { FaultyServer } from '../servers/faulty.ts';
import { failureOf } from '../servers/http-client.ts';
import { expectConnected } from '../repositories/check-repository.ts';
import type { Stage } from '../replicate/stage.ts';
import { expectHarmless, openScene, sharedScene, syncWith, watchTemporaryFiles, withServer } from './scene.ts';
import { advertisementHeaders, band, flush, packet, startScriptedSource } from './scripted-source.ts';

watchTemporaryFiles();

const main = 'refs/heads/main';

/** Names that are none, and what makes them so. */
const illegal: readonly (readonly [what: string, name: string | Uint8Array])[] = [
  ['dots that lead out', 'refs/heads/../../x'],
  ['two dots', 'refs/heads/a..b'],
  ['a path of its own', '/etc/passwd'],
  ['no refs/ in front', 'heads/x'],
  ['a name of the target itself', 'config'],
  ['a part that is empty', 'refs/heads//x'],
  ['a part that begins with a dot', 'refs/heads/.git'],
  ['a part that is a lock', 'refs/heads/x.lock/y'],
  ['a slash at the end', 'refs/heads/x/'],
  ['an escape sequence', 'refs/heads/\u001b[31mred'],
  ['a bell', 'refs/heads/ding\u0007'],
  ['a line end', 'refs/heads/a\nrefs/heads/b'],
  ['a carriage return', 'refs/heads/a\rb'],
  ['a DEL', 'refs/heads/a\u007f'],
  ['a star', 'refs/heads/*'],
  ['a colon', 'refs/heads/a:b'],
  ['a backslash', 'refs/heads/a\\b'],
  ['a brace behind an at', 'refs/heads/a@{1}'],
  ['bytes that are no UTF-8', Buffer.from('refs/heads/\xff\xfe', 'latin1')],
  ['ten thousand letters', `refs/heads/${'x'.repeat(10_000)}`],
  ['nothing', ''],
];

async function tipOf(stage: Stage): Promise<string> {
  return (await stage.source.tip(main)) ?? '';
}

/** A source of protocol version 0 or 2 with `main` and one ref named `name`. */
async function sourceWith(stage: Stage, version: 0 | 2, name: string | Uint8Array): Promise<FaultyServer> {
  const tip = await tipOf(stage);
  const line = (ref: string | Uint8Array): Buffer => Buffer.concat([Buffer.from(`${tip} `), Buffer.from(ref)]);
  if (version === 2) return startScriptedSource(stage.source, { refs: [line(main), line(name)] });
  const capabilities = '\0side-band-64k ofs-delta agent=git/scripted';
  const body = Buffer.concat([
    ...[packet('# service=git-upload-pack\n'), flush],
    ...[packet(Buffer.concat([line(main), Buffer.from(`${capabilities}\n`)])), packet(line(name)), flush],
  ]);
  return startScriptedSource(stage.source, {
    advertise: (exchange) => {
      exchange.answer(200, advertisementHeaders('git-upload-pack'), body);
    },
    fetch: (exchange, pack) => {
      const headers = { 'Content-Type': 'application/x-git-upload-pack-result' };
      exchange.answer(200, headers, Buffer.concat([packet('NAK\n'), band(1, pack), flush]));
    },
  });
}

describe('a source that advertises a name which is none:', () => {
  const scene = sharedScene();

  for (const version of [0, 2] as const) {
    test.each(illegal)(`%s: it never reaches the target, in version ${version}`, async (_what, name) => {
      const stage = scene();
      await stage.target.recordPushes();
      await withServer(sourceWith(stage, version, name), async ({ url }) => {
        const request = { source: { url: `${url}/x.git` }, target: { url: stage.targetUrl }, scope: { allRefs: true } };
        const { refs, ignoredRefs } = await stage.client.sync(request);
        expect(refs.map(({ targetRef }) => targetRef)).toEqual([main]);
        // It is named, in a form that no terminal takes for more than text.
        expect(ignoredRefs).toHaveLength(1);
        expect(ignoredRefs?.join('')).toMatch(/^[^\u0000-\u001f\u007f]*$/);
        const { refs: shown } = await stage.client.probe({ source: request.source, allRefs: true });
        expect(shown.map((ref) => ref.name)).toEqual([main]);
      });
      expect([...(await stage.target.refs()).keys()]).toEqual(['refs/heads/before', main]);
      expect((await stage.target.recordedPushes()).at(-1)).toEqual([main]);
      await expectConnected(stage.target);
      await stage.target.deleteRef(main);
    });
  }
});

describe('a source that advertises', () => {
  const scene = sharedScene();
  const absent = 'e'.repeat(40);

  async function expectRefused(
    refs: (tip: string) => readonly string[],
    code: Parameters<typeof expectHarmless>[2]['code'],
    says: readonly (string | RegExp)[],
  ): Promise<void> {
    const stage = scene();
    const lines = refs(await tipOf(stage));
    await withServer(startScriptedSource(stage.source, { refs: lines }), async ({ url }) => {
      await expectHarmless(stage, syncWith(stage, { source: { url: `${url}/x.git` }, scope: { allRefs: true } }), {
        code,
        says,
      });
    });
  }

  test('an object that its pack does not have', async () => {
    const stage = scene();
    const refs = [`${await tipOf(stage)} ${main}`, `${absent} refs/heads/ghost`];
    await withServer(startScriptedSource(stage.source, { refs }), async ({ url }) => {
      const request = { source: { url: `${url}/x.git` }, target: { url: stage.targetUrl } };
      // The others are not to blame.
      const error = await failureOf(stage.client.sync(request));
      expect(error).toMatchObject({ code: 'GM_REF_REJECTED', details: { ref: 'refs/heads/ghost', applied: [main] } });
    });
    expect([...(await stage.target.refs()).keys()]).toEqual(['refs/heads/before', main]);
    await expectConnected(stage.target);
    await stage.target.deleteRef(main);
  });

  test('a line that is no ref', async () => {
    await expectRefused((tip) => [`${tip} ${main}`, 'zzzz refs/heads/x'], 'GM_PROTOCOL', [
      'listing the refs of',
      'zzzz',
    ]);
  });

  test('a peeled name that is none', async () => {
    await expectRefused((tip) => [`${tip} refs/tags/v1 peeled:x`], 'GM_PROTOCOL', ['listing the refs of', 'peeled:x']);
  });

  test('an error instead of more refs', async () => {
    await expectRefused((tip) => [`${tip} ${main}`, 'ERR too many questions'], 'GM_REMOTE', [
      'too many questions',
      'listing the refs of',
    ]);
  });
});

describe('a source that says things twice', () => {
  test('with the same ref on two objects ends on the last one, and a whole one', async () => {
    await using stage = await openScene();
    const tip = await tipOf(stage);
    const parent = await stage.source.resolve(`${main}~1`);
    const refs = [`${parent} ${main}`, `${tip} ${main}`];
    await withServer(startScriptedSource(stage.source, { refs }), async ({ url }) => {
      const result = await stage.client.sync({ ...stage.ends, source: { url: `${url}/x.git` } });
      expect(result.refs.filter(({ targetRef }) => targetRef === main)).toHaveLength(1);
    });
    expect(await stage.target.tip(main)).toBe(tip);
    await expectConnected(stage.target);
  });

  test('with a ref and another one below it gets the one, and an error for the other', async () => {
    await using stage = await openScene();
    const tip = await tipOf(stage);
    const refs = [`${tip} refs/heads/a`, `${tip} refs/heads/a/b`];
    await withServer(startScriptedSource(stage.source, { refs }), async ({ url }) => {
      const failure = stage.client.sync({ ...stage.ends, source: { url: `${url}/x.git` } });
      await expect(failure).rejects.toMatchObject({ code: 'GM_REF_REJECTED' });
      await expect(failure).rejects.toThrow(stage.targetUrl);
    });
    await expectConnected(stage.target);
    expect(
      [...(await stage.target.refs()).keys()].filter((name) => name.startsWith('refs/heads/a')).length,
    ).toBeLessThan(2);
  });

  test('with a HEAD that leads out is taken for one without', async () => {
    await using stage = await openScene();
    const tip = await tipOf(stage);
    const refs = [`${tip} HEAD symref-target:../../etc/passwd`, `${tip} ${main}`];
    await withServer(startScriptedSource(stage.source, { refs }), async ({ url }) => {
      const result = await stage.client.sync({ ...stage.ends, source: { url: `${url}/x.git` } });
      expect(result.execution.sourceHead).toBe('');
    });
    expect(await stage.target.tip(main)).toBe(tip);
  });
});
