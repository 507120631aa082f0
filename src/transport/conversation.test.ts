import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installScript } from '../../test/servers/helper-script.ts';
import { connectOptions } from '../../test/servers/service-exercise.ts';
import { encodeUtf8 } from '../core/bytes.ts';
import type { ConnectOptions } from './connect-options.ts';
import type { ServiceConnection } from './service-connection.ts';
import { connectSsh } from './ssh.ts';

const endpoint = { transport: 'ssh', host: 'host', path: '/x' } as const;
const greeting = "process.stdout.write('000eversion 2\\n0000');";

let folder: string;
let scripts = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-conversation-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Talks to a Node script that stands in for ssh; it writes its process id to `pidFile` first. */
async function converse(script: string, extra: Partial<ConnectOptions> = {}): Promise<ServiceConnection> {
  scripts += 1;
  const pidLine = `require('node:fs').writeFileSync(${JSON.stringify(pidFile())}, String(process.pid));`;
  const { path } = await installScript(folder, `ssh-${String(scripts)}`, `${pidLine}\n${script}`);
  const env = { GIT_SSH: path, GIT_SSH_VARIANT: 'ssh', ...extra.env };
  return connectSsh(endpoint, 'ssh://host/x', connectOptions('git-upload-pack', 2, { ...extra, env }));
}

const pidFile = (): string => join(folder, `pid-${String(scripts)}`);

async function isGone(pid: number, timeoutMs = 5000): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    await delay(20);
    try {
      process.kill(pid, 0);
      // What has ended but was not yet collected by its parent can still be signalled.
      if (/^\d+ \(.*\) Z/.test(await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => ''))) return true;
    } catch {
      return true;
    }
  }
  return false;
}

async function programIsGone(): Promise<boolean> {
  return isGone(Number(await readFile(pidFile(), 'utf8')));
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('connecting', () => {
  it('fails with what the program said when it ends at once', async () => {
    const failing = "process.stderr.write('user@host: Permission denied (publickey).\\r\\n'); process.exit(255);";
    await expect(converse(failing)).rejects.toMatchObject({
      code: 'GM_AUTH',
      message: expect.stringMatching(
        /ssh:\/\/host\/x.*ssh said: user@host: Permission denied \(publickey\)\./,
      ) as string,
    });
  });

  it('fails when the program ends well but says nothing', async () => {
    await expect(converse('process.exit(0);')).rejects.toMatchObject({ code: 'GM_REMOTE', message: /status 0 before/ });
  });

  it('fails when the remote hangs up', async () => {
    await expect(converse('process.exit(255);')).rejects.toMatchObject({ code: 'GM_NETWORK' });
    await expect(converse("process.kill(process.pid, 'SIGKILL');")).rejects.toMatchObject({
      code: 'GM_NETWORK',
      message: /SIGKILL/,
    });
  });

  it('fails with the text of an ERR packet', async () => {
    const error =
      "const t = 'ERR \\u001b[1mrepository x not found'; process.stdout.write((t.length + 4).toString(16).padStart(4, '0') + t);";
    await expect(converse(`${error} setTimeout(() => {}, 60000);`)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /said: repository x not found$/,
    });
    expect(await programIsGone()).toBe(true);
  });

  it('fails for an answer that is not the protocol', async () => {
    await expect(converse("console.log('Welcome to host');")).rejects.toMatchObject({
      code: 'GM_PROTOCOL',
      message: /"Welcome to host"/,
    });
  });

  it('fails when nothing comes for too long, and leaves nothing running', async () => {
    await expect(converse('setTimeout(() => {}, 60000);', { idleTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'GM_TIMEOUT',
    });
    expect(await programIsGone()).toBe(true);
  });

  it('says which program is missing', async () => {
    const connectWith = (env: NodeJS.ProcessEnv): Promise<unknown> =>
      connectSsh(endpoint, 'ssh://host/x', connectOptions('git-upload-pack', 2, { env }));
    await expect(connectWith({ GIT_SSH: join(folder, 'absent'), GIT_SSH_VARIANT: 'ssh' })).rejects.toMatchObject({
      code: 'GM_SYSTEM',
      message: /absent was not found/,
    });
    await expect(connectWith({ GIT_SSH_COMMAND: join(folder, 'absent/ssh -v') })).rejects.toMatchObject({
      code: 'GM_SYSTEM',
      message: /absent\/ssh -v was not found/,
    });
  });
});

describe('a conversation', () => {
  it('gives the bytes in pieces of any size, and counts them', async () => {
    const counts = { requests: 0, sent: 0, received: 0 };
    const meter = {
      request: () => (counts.requests += 1),
      sent: (bytes: number) => (counts.sent += bytes),
      received: (bytes: number) => (counts.received += bytes),
    };
    const piecewise = `for (const c of '000eversion 2\\n0000') process.stdout.write(c);
      let got = 0; process.stdin.on('data', (d) => { got += d.length; if (got === 10) process.stdout.write('0008done', () => process.exit(0)); });`;
    const connection = await converse(piecewise, { meter });
    const answer = await connection.request(encodeUtf8('0123456789'));
    expect(answer).toBe(connection.advertisement);
    expect(await readAll(answer)).toBe('000eversion 2\n00000008done');
    expect(counts).toEqual({ requests: 1, sent: 10, received: 26 });
    await connection.close();
    await connection.close();
  });

  it('reports a program that dies in the middle', async () => {
    const connection = await converse(`${greeting} setTimeout(() => {
      process.stderr.write('fatal: disk on fire\\n'); process.exit(128); }, 50);`);
    await expect(readAll(connection.advertisement)).rejects.toMatchObject({
      code: 'GM_REMOTE',
      message: /status 128.*disk on fire/,
    });
    await connection.close();
  });

  it('lets the remote be heard when it no longer listens', async () => {
    const connection = await converse(`${greeting} process.stdin.destroy(); setTimeout(() => {
      process.stdout.write('0009ERR x', () => process.exit(0)); }, 100);`);
    let released = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(65_536);
      } finally {
        released = true;
      }
    }
    expect(await readAll(await connection.request(endless()))).toBe('000eversion 2\n00000009ERR x');
    expect(released).toBe(true);
    await connection.close();
  });

  it('takes no more from the body than the remote reads', async () => {
    const connection = await converse(`${greeting} setTimeout(() => {}, 60000);`);
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    await connection.request(endless());
    await delay(400);
    const before = given;
    await delay(300);
    expect(given).toBe(before);
    expect(given).toBeLessThan(2_000_000);
    await connection.close();
    expect(await programIsGone()).toBe(true);
  });

  it('takes no more from the remote than is read here', async () => {
    const countFile = join(folder, 'written');
    const connection =
      await converse(`${greeting} const fs = require('node:fs'); let n = 0; const b = Buffer.alloc(65536);
      (function more() { fs.writeFileSync(${JSON.stringify(countFile)}, String(n)); n += b.length; process.stdout.write(b, more); })();`);
    const first = await connection.advertisement.next();
    expect(first.done).toBe(false);
    await delay(500);
    const before = Number(await readFile(countFile, 'utf8'));
    await delay(300);
    expect(Number(await readFile(countFile, 'utf8'))).toBe(before);
    expect(before).toBeLessThan(2_000_000);
    await connection.close();
    expect(await programIsGone()).toBe(true);
  });

  it('breaks off without a clean end when the body throws, and hands its error on', async () => {
    const endFile = join(folder, 'clean-end');
    const connection = await converse(`${greeting} process.stdin.resume(); process.stdin.on('end', () => {
      require('node:fs').writeFileSync(${JSON.stringify(endFile)}, ''); });`);
    const failure = new Error('the source went away');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield encodeUtf8('half');
      await delay(100);
      throw failure;
    }
    await expect(readAll(await connection.request(broken()))).rejects.toBe(failure);
    await expect(connection.advertisement.next()).rejects.toBe(failure);
    await connection.close();
    expect(await programIsGone()).toBe(true);
    await expect(readFile(endFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends at once on abort, with all that the program started', async () => {
    const childFile = join(folder, 'child');
    const controller = new AbortController();
    const connection = await converse(
      `const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' });
       require('node:fs').writeFileSync(${JSON.stringify(childFile)}, String(child.pid)); ${greeting} setTimeout(() => {}, 60000);`,
      { signal: controller.signal },
    );
    const reason = new Error('enough');
    const reading = readAll(connection.advertisement);
    setTimeout(() => {
      controller.abort(reason);
    }, 50);
    await expect(reading).rejects.toBe(reason);
    await connection.close();
    expect(await programIsGone()).toBe(true);
    expect(await isGone(Number(await readFile(childFile, 'utf8')))).toBe(true);
  });

  it('ends on the abort of one request', async () => {
    const controller = new AbortController();
    const connection = await converse(`${greeting} setTimeout(() => {}, 60000);`);
    const answer = await connection.request(encodeUtf8('x'), { signal: controller.signal });
    await answer.next();
    const next = answer.next();
    controller.abort('stop');
    await expect(next).rejects.toBe('stop');
    await connection.close();
    expect(await programIsGone()).toBe(true);
  });

  it('is not even started when the signal has been aborted', async () => {
    const reason = new Error('before');
    await expect(converse(greeting, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(readFile(pidFile())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends while the remote is still sending', async () => {
    const connection = await converse(`${greeting} const b = Buffer.alloc(65536);
      process.stdout.on('error', () => process.exit(1)); (function more() { process.stdout.write(b, more); })();`);
    await connection.advertisement.next();
    const start = Date.now();
    await connection.close();
    expect(Date.now() - start).toBeLessThan(1500);
    expect(await programIsGone()).toBe(true);
  });

  it('is ended by force when the program ignores everything', { timeout: 15_000 }, async () => {
    const connection = await converse(`process.on('SIGTERM', () => {}); ${greeting} setInterval(() => {}, 1000);`);
    await connection.close();
    expect(await programIsGone()).toBe(true);
  });
});
