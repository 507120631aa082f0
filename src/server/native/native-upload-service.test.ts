import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamOf } from '../../core/byte-stream.ts';
import { concatBytes, decodeUtf8 } from '../../core/bytes.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import type { Repository } from '../../../test/repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import type { MirrorDirectory } from '../../upload/mirror-directory.ts';
import { defaultUploadLimits } from '../../upload/upload-limits.ts';
import type { UploadFacts } from '../../upload/upload-observer.ts';
import { encodeFetchRequest } from '../../wire/fetch-v2.ts';
import type { MirrorQuery } from '../../wire/mirrors/mirror-list.ts';
import { encodeMirrorNotice } from '../../wire/mirrors/mirror-notice.ts';
import { RequestReport } from '../request-observer.ts';
import type { UploadRun, UploadService } from '../upload-service.ts';
import { createNativeUploadService } from './native-upload-service.ts';

let folder: TemporaryFolder;
let large: Repository;
let small: Repository;
let services: UploadService[] = [];

function open(options: Parameters<typeof createNativeUploadService>[0] = {}): UploadService {
  const service = createNativeUploadService({ cacheDir: folder.path, ...options });
  services.push(service);
  return service;
}

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  large = await makeRepository(join(folder.path, 'large.git'), { commits: 400, fileBytes: 40_000 });
  small = await makeRepository(join(folder.path, 'small.git'), { commits: 3 });
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
  services = [];
  await folder[Symbol.asyncDispose]();
});

function run(
  repository: Pick<Repository, 'path'>,
  body: Uint8Array,
  signal = new AbortController().signal,
): UploadRun & { observer: RequestReport } {
  return {
    directory: repository.path,
    gitProtocol: 'version=2',
    namespace: '',
    mode: 'answer',
    input: streamOf(body),
    limits: defaultUploadLimits,
    observer: new RequestReport(),
    signal,
  };
}

async function cloneRequest(repository: Repository): Promise<Uint8Array> {
  const tip = (await repository.resolve('refs/heads/main')) as ObjectId;
  return encodeFetchRequest({
    capabilities: ['agent=test'],
    wants: [tip],
    ofsDelta: true,
    noProgress: true,
    done: true,
  });
}

const lsRefs = Buffer.from('0014command=ls-refs\n0000');

async function read(
  service: UploadService,
  of: UploadRun & { observer: RequestReport },
): Promise<{ bytes: Uint8Array; facts: UploadFacts }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of service.run(of)) chunks.push(chunk.slice());
  return { bytes: concatBytes(chunks), facts: of.observer.allFacts };
}

describe('createNativeUploadService', () => {
  it('makes the pack of equal clones once', async () => {
    const service = open({ workers: 2 });
    const request = await cloneRequest(large);
    const both = await Promise.all([read(service, run(large, request)), read(service, run(large, request))]);
    const again = await read(service, run(large, request));
    expect(both.map(({ facts }) => facts.cache).sort()).toEqual(['miss', 'shared']);
    expect(again.facts.cache).toBe('hit');
    expect(again.facts.packBytes).toBeGreaterThan(10_000_000);
  });

  it('takes other requests while a client reads slowly or not at all', async () => {
    const service = open({ workers: 1 });
    const client = new AbortController();
    const stalled = service.run(run(large, await cloneRequest(large), client.signal))[Symbol.asyncIterator]();
    await stalled.next();
    const { bytes } = await read(service, run(small, await cloneRequest(small)));
    expect(decodeUtf8(bytes.subarray(0, 12))).toBe('000dpackfile');
    const refs = await read(service, run(large, lsRefs));
    expect(decodeUtf8(refs.bytes)).toContain('refs/heads/main');
    client.abort(new Error('gone'));
    await expect(stalled.next()).rejects.toThrow('gone');
  });

  it('stops within a second of the client going away, whether it leaves the stream or its signal says so', async () => {
    const service = open({ workers: 1, cacheBytes: 0 });
    const request = await cloneRequest(large);
    for await (const chunk of service.run(run(large, request))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const client = new AbortController();
    const reading = read(service, run(large, request, client.signal));
    await setTimeout(20);
    client.abort(new Error('gone'));
    const leftAt = performance.now();
    await expect(reading).rejects.toThrow('gone');
    await read(service, run(small, await cloneRequest(small)));
    expect(performance.now() - leftAt).toBeLessThan(1000);
  });

  it('fails an exchange with the error of its thread, code and all', async () => {
    const service = open({ workers: 1 });
    const missing = run({ path: join(folder.path, 'missing.git') }, lsRefs);
    await expect(read(service, missing)).rejects.toMatchObject({ code: 'GM_NOT_FOUND' });
  });

  it('ends what is running when it is closed', async () => {
    const service = open({ workers: 1 });
    const stalled = service.run(run(large, await cloneRequest(large)))[Symbol.asyncIterator]();
    await stalled.next();
    await service.close();
    const drain = async (): Promise<void> => {
      while ((await stalled.next()).done !== true);
    };
    await expect(drain()).rejects.toMatchObject({ code: 'GM_INTERNAL' });
  });
});

describe('M5: mirrors, asked for from threads', () => {
  const mirrorsRequest = Buffer.from('0014command=mirrors\n0001000climit=2\n0000');
  const answer = { kind: 'not-found', valid: ['https://o/x'] } as const;
  const never = { list: () => new Promise<never>(() => undefined), notify: () => new Promise<never>(() => undefined) };

  it('answers from the directory of the run', async () => {
    const service = open({ workers: 1 });
    const queries: MirrorQuery[] = [];
    const mirrors: MirrorDirectory = {
      list: (query) => {
        queries.push(query);
        return Promise.resolve(answer);
      },
      notify: () => Promise.resolve({ kind: 'ok' }),
    };
    const { bytes, facts } = await read(service, { ...run(small, mirrorsRequest), mirrors });
    expect(decodeUtf8(bytes)).toBe('000enot-found\n0016valid https://o/x\n0000');
    expect(facts.command).toBe('mirrors');
    expect(queries).toEqual([{ limit: 2 }]);
    const notice = encodeMirrorNotice({ at: 'https://m/x', digest: '0'.repeat(64), ttlSeconds: 5 }, []);
    expect(decodeUtf8((await read(service, { ...run(small, notice), mirrors })).bytes)).toBe('0007ok\n0000');
    const advertised = await read(service, { ...run(small, new Uint8Array()), mode: 'advertise', mirrors });
    expect(decodeUtf8(advertised.bytes)).toContain('mirrors=list notify\n');
  });

  it('is offered to nobody without one', async () => {
    const service = open({ workers: 1 });
    await expect(read(service, run(small, mirrorsRequest))).rejects.toThrow("invalid command 'mirrors'");
  });

  it('fails with a directory that throws, and goes on with others', async () => {
    const service = open({ workers: 1 });
    const mirrors: MirrorDirectory = {
      ...never,
      list: () => Promise.reject(new GitMirrorError('GM_CORRUPT', "bad value 'x' for 'mirror.limit'")),
    };
    const failed = read(service, { ...run(small, mirrorsRequest), mirrors });
    await expect(failed).rejects.toMatchObject({ code: 'GM_CORRUPT', message: "bad value 'x' for 'mirror.limit'" });
    expect((await read(service, run(small, lsRefs))).bytes.length).toBeGreaterThan(0);
  });

  it('lets a client go that does not wait for the answer, and the thread with it', async () => {
    const service = open({ workers: 1 });
    const controller = new AbortController();
    const asked = Promise.withResolvers<undefined>();
    const late = Promise.withResolvers<typeof answer>();
    const mirrors: MirrorDirectory = {
      ...never,
      list: () => {
        asked.resolve(undefined);
        return late.promise;
      },
    };
    const waiting = read(service, { ...run(small, mirrorsRequest, controller.signal), mirrors });
    waiting.catch(() => undefined);
    await asked.promise;
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    late.resolve(answer);
    expect((await read(service, run(small, lsRefs))).bytes.length).toBeGreaterThan(0);
  });
});
