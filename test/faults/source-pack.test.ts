import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ErrorCode, GitMirrorError } from '../../src/index.ts';
import type { Stage } from '../replicate/stage.ts';
import { expectSound } from '../repositories/check-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGitForBytes } from '../repositories/run-git.ts';
import { expectHarmless, openScene, sharedScene, syncWith, watchTemporaryFiles, withServer } from './scene.ts';
import {
  band,
  beginChunked,
  flush,
  packet,
  packSection,
  resultHeaders,
  startScriptedSource,
  writeChunk,
  type SourceScript,
} from './scripted-source.ts';

watchTemporaryFiles();

/** An answer with a pack that went through `change`. */
function changed(change: (pack: Buffer) => Uint8Array): SourceScript['fetch'] {
  return (exchange, pack) => {
    exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, change(pack)), flush]));
  };
}

/** `pack` with the trailer that its bytes call for. */
function sealed(pack: Uint8Array): Buffer {
  const body = pack.subarray(0, -20);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

const half = (pack: Buffer): Buffer => pack.subarray(0, pack.length / 2);

const faults: readonly {
  readonly what: string;
  readonly fetch: SourceScript['fetch'];
  readonly code: ErrorCode;
  readonly says: readonly (string | RegExp)[];
}[] = [
  {
    what: 'says on band 3, in the middle of the pack, that it failed',
    fetch: (exchange, pack) => {
      const error = packet(Buffer.from('\x03disk \x1b[31mon fire\x07\n', 'latin1'));
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, half(pack)), error]));
    },
    code: 'GM_REMOTE',
    says: [/^fetching from .*: the remote says: disk on fire$/],
  },
  {
    what: 'sends a band there is none of',
    fetch: (exchange, pack) => {
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, half(pack)), band(9, Buffer.from('x'))]));
    },
    code: 'GM_PROTOCOL',
    says: ['no band 9'],
  },
  {
    what: 'sends a length beyond the largest in the middle of the pack',
    fetch: (exchange, pack) => {
      const rest = Buffer.from('ffff\x01abc');
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, half(pack)), rest]));
    },
    code: 'GM_PROTOCOL',
    says: ['65535 bytes long'],
  },
  {
    what: 'sends the length 0003 in the middle of the pack',
    fetch: (exchange, pack) => {
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, half(pack)), Buffer.from('0003')]));
    },
    code: 'GM_PROTOCOL',
    says: ['3 is no legal length'],
  },
  {
    what: 'sends a web page in the middle of the pack',
    fetch: (exchange, pack) => {
      const page = Buffer.from('<html><body>Gateway time-out</body></html>');
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, half(pack)), page]));
    },
    code: 'GM_PROTOCOL',
    says: ['<html><body>'],
  },
  {
    what: 'cuts the connection within a body of known length',
    fetch: (exchange, pack) => {
      exchange.answer(
        200,
        { ...resultHeaders, 'Content-Length': '1000000' },
        Buffer.concat([packSection, band(1, half(pack))]),
      );
      exchange.end();
    },
    code: 'GM_NETWORK',
    says: ['ended before'],
  },
  {
    what: 'cuts the connection within a chunked body',
    fetch: (exchange, pack) => {
      beginChunked(exchange, resultHeaders);
      writeChunk(exchange, Buffer.concat([packSection, band(1, half(pack))]));
      exchange.end();
    },
    code: 'GM_NETWORK',
    says: ['ended before'],
  },
  {
    what: 'ends its answer politely in the middle of the pack',
    fetch: (exchange, pack) => {
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, half(pack))]));
    },
    code: 'GM_NETWORK',
    says: ['ended early while fetching from', 'Try again'],
  },
  {
    what: 'ends its answer after the whole pack, without the flush',
    fetch: (exchange, pack) => {
      exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, pack)]));
    },
    code: 'GM_NETWORK',
    says: ['ended early while fetching from', 'Try again'],
  },
  {
    what: 'sends half a pack as if it were whole',
    fetch: changed(half),
    code: 'GM_UNPACK',
    says: [/could not take the pack/],
  },
  {
    what: 'sends the header of a pack and nothing else',
    fetch: changed((pack) => pack.subarray(0, 12)),
    code: 'GM_CORRUPT',
    says: ['ended after 12 bytes'],
  },
  {
    what: 'sends no pack',
    fetch: changed(() => Buffer.from('PACX and so on')),
    code: 'GM_PROTOCOL',
    says: ['does not begin like a pack'],
  },
  {
    what: 'sends a pack of a version to come',
    fetch: changed((pack) => Buffer.concat([pack.subarray(0, 7), Buffer.of(9), pack.subarray(8)])),
    code: 'GM_PROTOCOL',
    says: ['version 9'],
  },
  {
    what: 'sends a pack that claims more objects than it has',
    fetch: changed((pack) =>
      sealed(Buffer.concat([pack.subarray(0, 11), Buffer.of((pack[11] ?? 0) + 3), pack.subarray(12)])),
    ),
    code: 'GM_UNPACK',
    says: [/could not take the pack/],
  },
  {
    what: 'sends a pack with the wrong checksum',
    fetch: changed((pack) => Buffer.concat([pack.subarray(0, -1), Buffer.of((pack.at(-1) ?? 0) ^ 1)])),
    code: 'GM_UNPACK',
    says: [/could not take the pack/],
  },
  {
    what: 'sends a pack with a flipped bit and the checksum to go with it',
    fetch: changed((pack) => {
      const bad = Buffer.from(pack);
      bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 0x10;
      return sealed(bad);
    }),
    code: 'GM_UNPACK',
    says: [/could not take the pack/],
  },
  {
    what: 'refuses to give what it advertised',
    fetch: (exchange) => {
      exchange.answer(200, resultHeaders, packet(`ERR upload-pack: not our ref ${'1'.repeat(40)}\n`));
    },
    code: 'GM_REMOTE',
    says: ['not our ref 1111'],
  },
  {
    what: 'answers with nothing at all',
    fetch: (exchange) => {
      exchange.answer(200, resultHeaders);
    },
    code: 'GM_NETWORK',
    says: ['ended early while fetching from'],
  },
  {
    what: 'answers with a flush alone',
    fetch: (exchange) => {
      exchange.answer(200, resultHeaders, flush);
    },
    code: 'GM_PROTOCOL',
    says: [],
  },
  {
    what: 'answers with a section of another name',
    fetch: (exchange) => {
      exchange.answer(200, resultHeaders, Buffer.concat([packet('wanted-refs\n'), packet('nonsense\n'), flush]));
    },
    code: 'GM_PROTOCOL',
    says: [],
  },
];

const scene = sharedScene();

function expectRefusal(
  source: SourceScript,
  target: (stage: Stage) => string,
  { code, says }: { readonly code: ErrorCode; readonly says: readonly (string | RegExp)[] },
): Promise<GitMirrorError> {
  const stage = scene();
  return withServer(startScriptedSource(stage.source, source), (server) => {
    const url = `${server.url}/x.git`;
    const work = syncWith(stage, { source: { url }, target: { url: target(stage) } });
    // What the target finds wrong with a pack is said by the target.
    const named = code === 'GM_UNPACK' || code === 'GM_REF_REJECTED' ? target(stage) : url;
    return expectHarmless(stage, work, { code, says: [named, ...says] });
  });
}

describe('a source that, when asked for a pack,', () => {
  test.each(faults)('$what, does no harm', async ({ fetch, code, says }) => {
    await expectRefusal({ fetch }, ({ targetUrl }) => targetUrl, { code, says });
  });

  // Here the end of the input is all that tells the target that no more will come.
  const midway = faults.filter(({ code }) => code === 'GM_UNPACK' || code === 'GM_NETWORK');
  test.each(midway)('$what, does no harm to a target on this machine', async ({ fetch, code, says }) => {
    await expectRefusal({ fetch }, ({ target }) => target.path, { code, says });
  });

  test('no longer has what it advertised, does no harm', async () => {
    let posts = 0;
    await using stage = await openScene({
      middleware: async ({ method, url }) => {
        // The first lists the refs, the second asks for the pack.
        if (method !== 'POST' || url?.startsWith('/source.git') !== true || (posts += 1) !== 2) return false;
        await stage.source.updateRef('refs/heads/main', 'refs/heads/main~1');
        await stage.source.git('reflog', 'expire', '--expire=now', '--all');
        await stage.source.git('gc', '-q', '--prune=now');
        return false;
      },
    });
    await expectHarmless(stage, syncWith(stage, {}), {
      code: 'GM_REMOTE',
      says: [stage.sourceUrl, /the remote says: .*not our ref/],
    });
  });
});

test('what follows a whole pack is not taken for a part of it', async () => {
  await using stage = await openScene();
  const fetch = changed((pack) => Buffer.concat([pack, Buffer.alloc(100_000, 'x')]));
  for (const url of [stage.targetUrl, stage.target.path]) {
    await withServer(startScriptedSource(stage.source, { fetch }), async (server) => {
      await stage.client.sync({ source: { url: `${server.url}/x.git` }, target: { url } });
    });
    expect(await stage.target.tip('refs/heads/main')).toBe(await stage.source.tip('refs/heads/main'));
    await expectSound(stage.target);
    await stage.target.deleteRef('refs/heads/main');
  }
});

describe('a pack that lacks what its refs need', () => {
  async function packWithout(repository: Repository, name: string): Promise<Buffer> {
    const left = await repository.resolve(name);
    const objects = (await repository.git('rev-list', '--objects', '--all', '--no-object-names')).split('\n');
    return runGitForBytes(['pack-objects', '--stdout', '-q'], {
      cwd: repository.path,
      input: objects.filter((oid) => oid !== left).join('\n'),
    });
  }

  test.each([
    ['a file', 'refs/heads/main:files/3/3.bin'],
    ['a folder', 'refs/heads/main^{tree}'],
    ['a commit', 'refs/heads/main~1'],
    ['the commit the ref names', 'refs/heads/main'],
  ])('is refused by the target when that is %s', async (_what, name) => {
    const pack = await packWithout(scene().source, name);
    const error = await expectRefusal({ fetch: changed(() => pack) }, ({ targetUrl }) => targetUrl, {
      code: 'GM_REF_REJECTED',
      says: ['refs/heads/main', /missing necessary objects|bad pack/],
    });
    expect(error.details).toMatchObject({ ref: 'refs/heads/main', applied: [] });
  });

  test('is refused when it is empty', async () => {
    const empty = sealed(Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\0\0'), Buffer.alloc(20)]));
    await expectRefusal({ fetch: changed(() => empty) }, ({ targetUrl }) => targetUrl, {
      code: 'GM_REF_REJECTED',
      says: ['refs/heads/main'],
    });
  });
});
