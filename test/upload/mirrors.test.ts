import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitMirrorError } from '../../src/core/error.ts';
import type { MirrorDirectory } from '../../src/upload/mirror-directory.ts';
import type { UploadExchange } from '../../src/upload/upload-exchange.ts';
import { MirrorAnswerDecoder } from '../../src/wire/mirrors/mirror-answer.ts';
import { mirrorLimits } from '../../src/wire/mirrors/mirror-limits.ts';
import type { MirrorAnswer, MirrorNotice, MirrorQuery, NoticeAnswer } from '../../src/wire/mirrors/mirror-list.ts';
import { encodeMirrorNotice, NoticeAnswerDecoder } from '../../src/wire/mirrors/mirror-notice.ts';
import { encodeMirrorQuery } from '../../src/wire/mirrors/mirror-query.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { decodeMessage, packetsIn, pktLines } from '../wire/chunking.ts';
import { runOurs, type OurResult } from './both-services.ts';
import { withRepository } from './open-repository.ts';

const digest = '0a'.repeat(32);
const list: MirrorAnswer = {
  kind: 'list',
  list: { canonical: ['https://o/x'], prefer: 'now', mirrors: [{ url: 'https://m/x', digest, ttlSeconds: 60 }] },
};

/** Answers the same always, and remembers what it was asked. */
class FixedDirectory implements MirrorDirectory {
  readonly queries: MirrorQuery[] = [];
  readonly notices: MirrorNotice[] = [];
  readonly #noticeAnswer: NoticeAnswer;

  constructor(noticeAnswer: NoticeAnswer = { kind: 'ok' }) {
    this.#noticeAnswer = noticeAnswer;
  }

  async list(query: MirrorQuery): Promise<MirrorAnswer> {
    this.queries.push(query);
    return Promise.resolve(list);
  }

  async notify(notice: MirrorNotice): Promise<NoticeAnswer> {
    this.notices.push(notice);
    return Promise.resolve(this.#noticeAnswer);
  }
}

let folder: TemporaryFolder;
let repository: Repository;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  repository = await makeRepository(join(folder.path, 'a.git'), { commits: 3, branches: 2, tags: 2 });
});
afterAll(() => folder[Symbol.asyncDispose]());

async function run(
  mode: UploadExchange['mode'],
  gitProtocol: string,
  mirrors: MirrorDirectory | undefined,
  input?: Uint8Array,
): Promise<OurResult> {
  const request = input === undefined ? { mode, gitProtocol } : { mode, gitProtocol, input };
  return withRepository(repository.path, (opened) => runOurs(opened, request, { mirrors }));
}

async function command(mirrors: MirrorDirectory | undefined, input: Uint8Array, keys = ''): Promise<OurResult> {
  return run('answer', `version=2${keys}`, mirrors, input);
}

function textOf(result: OurResult): string {
  return result.output.toString('latin1');
}

describe('M5: what the advertisement says', () => {
  it('is one capability more in v2, behind all the others', async () => {
    const without = textOf(await run('advertise', 'version=2', undefined));
    const having = textOf(await run('advertise', 'version=2', new FixedDirectory()));
    expect(having).toBe(without.replace(/0000$/, '0018mirrors=list notify\n0000'));
  });

  it.each(['version=1', ''])('is nothing more in %s when it was not asked for', async (gitProtocol) => {
    const directory = new FixedDirectory();
    for (const mode of ['advertise', 'converse'] as const) {
      const without = await run(mode, gitProtocol, undefined, Buffer.from('0000'));
      const having = await run(mode, gitProtocol, directory, Buffer.from('0000'));
      expect(having.output.equals(without.output)).toBe(true);
    }
    expect(directory.queries).toEqual([]);
  });

  it.each(['version=1:mirror', 'mirror', 'version=0, mirror'])('is a second section in %s', async (gitProtocol) => {
    const directory = new FixedDirectory();
    const plain = packetsIn([(await run('advertise', gitProtocol, undefined)).output]);
    const result = await run('advertise', gitProtocol, directory);
    const packets = packetsIn([result.output]);
    expect(packets.slice(0, plain.length).map(({ type }) => type)).toEqual(plain.map(({ type }) => type));
    // The only line of the first section that differs is the one with the capabilities.
    const differing = plain.filter((packet, index) => JSON.stringify(packet) !== JSON.stringify(packets[index]));
    expect(differing).toHaveLength(1);
    expect(textOf(result)).toMatch(/ agent=\S+ mirrors=list\n/);
    const decoder = new MirrorAnswerDecoder();
    const ends = packets.slice(plain.length).map((packet) => decoder.push(packet));
    expect(ends.indexOf(true)).toBe(ends.length - 1);
    expect(decoder.result()).toEqual(list);
    expect(directory.queries).toEqual([{ url: undefined }]);
  });

  it('says nothing of mirrors to whoever asks where there are none', async () => {
    const without = await run('advertise', 'version=1', undefined);
    const asking = await run('advertise', 'version=1:mirror', undefined);
    expect(asking.output.equals(without.output)).toBe(true);
  });
});

describe('M5: the command mirrors', () => {
  it('hands on the query and the answer', async () => {
    const directory = new FixedDirectory();
    const query = { url: 'https://o/x', limit: 3, after: 'c', protocols: ['https'] };
    const result = await command(directory, encodeMirrorQuery(query, ['agent=x/1', 'object-format=sha1']));
    expect(decodeMessage(new MirrorAnswerDecoder(), [result.output])).toEqual(list);
    expect(directory.queries).toEqual([query]);
    expect(result.facts.command).toBe('mirrors');
  });

  it('takes a request without arguments, and one without a delimiter', async () => {
    for (const lines of [
      ['command=mirrors', '0001', '0000'],
      ['command=mirrors', '0000'],
    ]) {
      const result = await command(new FixedDirectory(), pktLines(...lines));
      expect(decodeMessage(new MirrorAnswerDecoder(), [result.output])).toEqual(list);
    }
  });

  it('goes on with the conversation afterwards', async () => {
    const input = pktLines('command=mirrors', '0000', 'command=ls-refs', '0001', 'ref-prefix HEAD', '0000', '0000');
    const result = await run('converse', 'version=2', new FixedDirectory(), input);
    expect(result.failure).toBeUndefined();
    expect(textOf(result)).toMatch(
      /mirrors=list notify\n0000[\s\S]*mirror https:\/\/m\/x[^\n]*\n0000003f?[0-9a-f]+ HEAD\n0000$/,
    );
  });

  it.each([
    ['an argument that is not known', ['colour=red'], 'one of url=, limit=, after=, protocols=, got "colour=red"'],
    ['a limit that is none', ['limit=many'], 'a number behind limit=, got "many"'],
    ['too many', Array.from({ length: mirrorLimits.maxArguments + 1 }, () => 'limit=1'), 'too many arguments, 64'],
  ])('tells the client of %s', async (_what, args, message) => {
    const directory = new FixedDirectory();
    const result = await command(directory, pktLines('command=mirrors', '0001', ...args, '0000'));
    expect(textOf(result)).toMatch(/^[0-9a-f]{4}ERR mirrors: /);
    expect(textOf(result)).toContain(message);
    expect(result.failure).toBeUndefined();
    expect(directory.queries).toEqual([]);
  });

  it('tells of a second delimiter, and dies of a request that is cut', async () => {
    const odd = await command(new FixedDirectory(), pktLines('command=mirrors', '0001', '0001', '0000'));
    expect(textOf(odd)).toContain('ERR mirrors: expected flush after arguments');
    const cut = await command(new FixedDirectory(), pktLines('command=mirrors', '0001', 'limit=1'));
    expect(cut.failure).toMatch(/hung up unexpectedly/);
  });

  it('is no command where there is no directory', async () => {
    for (const name of ['mirrors', 'mirror-notify']) {
      const result = await command(undefined, pktLines(`command=${name}`, '0000'));
      expect(result.failure).toBe(`invalid command '${name}'`);
    }
  });

  it('fails as a whole with its directory', async () => {
    const failing = {
      list: () => Promise.reject(new GitMirrorError('GM_CORRUPT', 'bad value')),
      notify: () => Promise.reject(new Error()),
    };
    const result = await command(failing, pktLines('command=mirrors', '0000'));
    expect(result).toMatchObject({ failure: 'bad value' });
    expect(result.output).toHaveLength(0);
  });
});

describe('M7: the command mirror-notify', () => {
  const notice = { at: 'https://m/x', digest, ttlSeconds: 600, signature: 'line 1\nline 2\n' };

  it.each([{ kind: 'ok' }, { kind: 'ignored' }, { kind: 'refused', reason: 'm is not known here' }] as const)(
    'hands on the notice and the answer: %o',
    async (answer) => {
      const directory = new FixedDirectory(answer);
      const result = await command(directory, encodeMirrorNotice(notice, ['agent=x/1']));
      const decoder = new NoticeAnswerDecoder();
      expect(
        packetsIn([result.output])
          .map((packet) => decoder.push(packet))
          .at(-1),
      ).toBe(true);
      const reason = answer.kind === 'refused' ? { reason: `mirror-notify: ${answer.reason}` } : {};
      expect(decoder.result()).toEqual({ ...answer, ...reason });
      expect(directory.notices).toEqual([notice]);
      expect(result.facts.command).toBe('mirror-notify');
    },
  );

  it('tells the mirror what is missing', async () => {
    const directory = new FixedDirectory();
    const result = await command(directory, pktLines('command=mirror-notify', '0001', 'at=https://m/x', '0000'));
    expect(textOf(result)).toMatch(/ERR mirror-notify: reading a notice of a mirror: digest= is missing$/);
    expect(directory.notices).toEqual([]);
  });
});
