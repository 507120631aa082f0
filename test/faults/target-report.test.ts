import { beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/index.ts';
import type { Stage } from '../replicate/stage.ts';
import { compareRefs, expectConnected } from '../repositories/check-repository.ts';
import { runGit } from '../repositories/run-git.ts';
import type { HttpMiddleware } from '../servers/http-backend.ts';
import { failureOf } from '../servers/http-client.ts';
import { expectHarmless, expectUnharmed, openScene, sharedScene, syncWith, watchTemporaryFiles } from './scene.ts';
import { band, flush, packet } from './scripted-source.ts';

watchTemporaryFiles();

let fault: HttpMiddleware = () => false;
const scene = sharedScene({ middleware: (request, response) => fault(request, response) });

beforeEach(() => {
  fault = () => false;
});

const main = 'refs/heads/main';
const ok = [packet('unpack ok\n'), packet(`ok ${main}\n`), flush];

/** A report as it stands in the answer. */
function report(...packets: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat([band(1, Buffer.concat(packets.map((part) => Buffer.from(part)))), flush]);
}

const reports: readonly {
  readonly what: string;
  readonly body: Buffer;
  readonly cut?: boolean;
  readonly code: ErrorCode;
  readonly says: readonly (string | RegExp)[];
}[] = [
  {
    what: 'is missing',
    body: Buffer.alloc(0),
    code: 'GM_NETWORK',
    says: ['ended early while', 'was reporting on the push', 'Try again'],
  },
  { what: 'is a flush alone', body: flush, code: 'GM_PROTOCOL', says: ['ended early', "read the target's refs"] },
  {
    what: 'is cut off by the connection',
    body: report(...ok).subarray(0, 20),
    cut: true,
    code: 'GM_NETWORK',
    says: ['ended before'],
  },
  {
    what: 'ends within a packet',
    body: report(...ok).subarray(0, 20),
    code: 'GM_NETWORK',
    says: ['ended early', 'Try again'],
  },
  { what: 'has no flush', body: report(...ok.slice(0, 2)), code: 'GM_PROTOCOL', says: ['ended early'] },
  { what: 'is a web page', body: Buffer.from('<html>hello</html>'), code: 'GM_PROTOCOL', says: ['<html>hello'] },
  { what: 'holds a web page', body: report('<html>hello</html>'), code: 'GM_PROTOCOL', says: ['<html>hello'] },
  { what: 'has a length that lies', body: report('fffeunpack ok\n'), code: 'GM_PROTOCOL', says: ['65534 bytes long'] },
  {
    what: 'begins in the middle',
    body: report(packet(`ok ${main}\n`), flush),
    code: 'GM_PROTOCOL',
    says: ['what became of the pack'],
  },
  {
    what: 'says that the pack could not be taken',
    body: report(
      packet('unpack index-pack \u001b[1mabnormal exit\u0007\n'),
      packet(`ng ${main} unpacker error\n`),
      flush,
    ),
    code: 'GM_UNPACK',
    says: ['could not take the pack: index-pack abnormal exit'],
  },
  {
    what: 'refuses the ref',
    body: report(packet('unpack ok\n'), packet(`ng ${main} protected \u001b[31mbranch\r\n`), flush),
    code: 'GM_REF_REJECTED',
    says: [main, 'protected branch', 'hooks and settings'],
  },
  {
    what: 'refuses the ref without a word',
    body: report(packet('unpack ok\n'), packet(`ng ${main}\n`), flush),
    code: 'GM_REF_REJECTED',
    says: [main],
  },
  {
    what: 'does not mention the ref',
    body: report(packet('unpack ok\n'), packet('ok refs/heads/other\n'), flush),
    code: 'GM_REF_REJECTED',
    says: [main, 'did not mention it'],
  },
  {
    what: 'contradicts itself',
    body: report(packet('unpack ok\n'), packet(`ng ${main} no\n`), packet(`ok ${main}\n`), flush),
    code: 'GM_REF_REJECTED',
    says: [main, 'no'],
  },
  {
    what: 'is an error on band 3',
    body: Buffer.concat([band(2, Buffer.from('remote: wait\n')), band(3, Buffer.from('out of \u001b[5mdisk\n'))]),
    code: 'GM_REMOTE',
    says: ['the remote says: out of disk'],
  },
  {
    what: 'is an ERR packet',
    body: packet('ERR \u0007go away\n'),
    code: 'GM_REMOTE',
    says: ['the remote says: go away'],
  },
];

describe('a report on a push that', () => {
  test.each(reports)('$what', async ({ body, cut = false, code, says }) => {
    const stage = scene();
    fault = (request, response) => {
      if (request.method !== 'POST' || request.url?.startsWith('/target.git/') !== true) return false;
      request.resume();
      request.on('end', () => {
        response.writeHead(200, {
          'Content-Type': 'application/x-git-receive-pack-result',
          ...(cut && { 'Content-Length': '999' }),
        });
        response.write(body, () => (cut ? response.destroy() : response.end()));
        if (body.length === 0) response.end();
      });
      return true;
    };
    const error = await expectHarmless(stage, syncWith(stage, {}), { code, says: [stage.targetUrl, ...says] });
    expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  test('is lost after the push was carried out leaves a target that the next run finds in order', async () => {
    let lost = 0;
    await using stage = await openScene({
      targetFront: {
        async *answer(body) {
          for await (const chunk of body) lost += chunk.length;
          throw new Error('cut');
        },
      },
    });
    const error = await failureOf(stage.client.sync(stage.ends));
    expect(error).toMatchObject({ code: 'GM_NETWORK', retryable: true });
    expect(error.message).toContain(stage.targetUrl);
    expect(lost).toBeGreaterThan(0);
    await expectConnected(stage.target);
    expect(await stage.target.tip(main)).toBe(await stage.source.tip(main));
    expect((await stage.client.plan(stage.ends)).counts).toMatchObject({ skipped: 1, applied: 0 });
  });
});

describe('a real target', () => {
  type Over = 'HTTP' | 'a local path';

  function endsOf(stage: Stage, over: Over): Stage['ends'] {
    return over === 'HTTP' ? stage.ends : { source: { url: stage.sourceUrl }, target: { url: stage.target.path } };
  }

  const overs = ['HTTP', 'a local path'] as const;

  test.each(overs)('that takes no pack as large says so, over %s', async (over) => {
    await using stage = await openScene();
    const ends = endsOf(stage, over);
    await stage.target.configure('receive.maxInputSize', '50k');
    const error = await expectHarmless(stage, () => stage.client.sync(ends), {
      code: 'GM_UNPACK',
      says: [ends.target.url, 'could not take the pack'],
    });
    expect(error.details).toMatchObject({ url: ends.target.url });
  });

  test.each(overs)('that checks what it gets refuses a bad object, over %s', async (over) => {
    await using stage = await openScene();
    const ends = endsOf(stage, over);
    await stage.target.configure('receive.fsckObjects', 'true');
    const tree = await stage.source.resolve(`${main}^{tree}`);
    const bad = `tree ${tree}\nauthor nobody\ncommitter nobody\n\nno dates, no addresses\n`;
    const oid = await runGit(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], {
      cwd: stage.source.path,
      input: bad,
    });
    await stage.source.updateRef('refs/heads/bad', oid);
    await expectHarmless(stage, () => stage.client.sync(ends), { code: 'GM_UNPACK', says: [ends.target.url] });
  });

  test.each(overs)('that takes no refs of some names refuses them, over %s', async (over) => {
    await using stage = await openScene();
    const ends = endsOf(stage, over);
    await stage.target.configure('receive.hideRefs', 'refs/heads/main');
    const error = await expectHarmless(stage, () => stage.client.sync(ends), {
      code: 'GM_REF_REJECTED',
      says: [ends.target.url, main, /hidden/],
    });
    expect(error.details).toMatchObject({ ref: main });
  });

  test.each(overs)('that may not be written to refuses everything, over %s', async (over) => {
    await using stage = await openScene();
    const ends = endsOf(stage, over);
    await stage.target.hook('pre-receive', 'printf "\\033[31mfrozen\\033[0m until monday\\n" >&2; exit 1');
    await expectHarmless(stage, () => stage.client.sync(ends), {
      code: 'GM_REF_REJECTED',
      says: [ends.target.url, 'pre-receive hook declined'],
    });
  });
});

describe('a ref of the target that', () => {
  const racing = async (race: (stage: Stage) => Promise<void>): Promise<Stage> => {
    let isOver = false;
    const stage = await openScene({
      targetFront: {
        onPush: async () => {
          if (isOver) return;
          isOver = true;
          await race(stage);
        },
      },
    });
    return stage;
  };

  test('appears during the run is left alone', async () => {
    await using stage = await racing(async ({ target }) => {
      await target.updateRef(main, 'refs/heads/before');
    });
    const error = await failureOf(stage.client.sync(stage.ends));
    expect(error).toMatchObject({ code: 'GM_REF_MOVED', retryable: true, details: { ref: main, applied: [] } });
    expect(error.message).toContain(`Pushing to ${stage.targetUrl}: ${main} changed on the target`);
    const before = await stage.target.tip('refs/heads/before');
    await expectUnharmed(
      stage.target,
      new Map([
        ['refs/heads/before', before ?? ''],
        [main, before ?? ''],
      ]),
    );
    await stage.client.sync(stage.ends);
    expect(await stage.target.tip(main)).toBe(await stage.source.tip(main));
  });

  test('is deleted during the run is not made anew', async () => {
    await using stage = await racing(async ({ target }) => {
      await target.deleteRef(main);
    });
    await stage.target.updateRef(main, 'refs/heads/before');
    const error = await failureOf(stage.client.sync(stage.ends));
    expect(error).toMatchObject({ code: 'GM_REF_MOVED', details: { ref: main } });
    const before = await stage.target.tip('refs/heads/before');
    await expectUnharmed(stage.target, new Map([['refs/heads/before', before ?? '']]));
  });

  test('is to be pruned and moves during the run is kept', async () => {
    await using stage = await racing(async ({ target }) => {
      await target.commit('refs/heads/before', { message: 'somebody still works on it' });
    });
    const error = await failureOf(stage.client.replicate({ ...stage.ends, policy: { prune: true } }));
    expect(error).toMatchObject({ code: 'GM_REF_MOVED', details: { ref: 'refs/heads/before', applied: [main] } });
    expect(await stage.target.git('log', '-1', '--format=%s', 'refs/heads/before')).toBe('somebody still works on it');
    await expectConnected(stage.target);
  });

  test('comes to be what it should be during the run is fine', async () => {
    await using stage = await racing(async ({ source, target }) => {
      await source.git('push', '-q', target.path, main);
    });
    expect((await stage.client.sync(stage.ends)).counts).toMatchObject({ applied: 1, blocked: 0 });
    await compareRefs(stage.source, stage.target, 'refs/heads/before');
  });
});
