import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { settlesWithin, writerOf } from '../transport/byte-channel.ts';
import { RemoteTextTail } from '../transport/remote-text.ts';
import { CgiHeadDecoder, type CgiHead } from './cgi-headers.ts';
import type { GitBackend, GitRequest, GitResponse } from './git-backend.ts';
import { findGitExecPath, servingEnvironment } from './git-programs.ts';
import { watchUploadRequest } from './watch-upload-request.ts';

/** What a program wrote to its standard error although it was not interrupted. */
export interface BackendWarning {
  readonly directory: string;
  readonly path: string;
  /** Fit to be shown, bounded. */
  readonly text: string;
}

/** Options of {@link createGitHttpBackend}. */
export interface GitHttpBackendOptions {
  /** Environment of the programs; what would bind them to another repository is removed. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly onWarning?: ((warning: BackendWarning) => void) | undefined;
  /** `GIT_NAMESPACE` of what is served; default none. */
  readonly namespace?: string | undefined;
  /** Let `http.receivepack` of the repository decide whether it takes pushes. Default: it takes none. */
  readonly allowPush?: boolean | undefined;
}

/** From the polite signal to the other one. */
const killGraceMs = 2000;
/** After its output has ended a program exits by itself within this time. */
const exitGraceMs = 5000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * A backend that runs `git http-backend` (git-http-backend(1)) as a CGI program for each request. Bodies stream both
 * ways with back-pressure. All that a request started ends with it. Throws `GM_SYSTEM` when git is missing.
 */
export async function createGitHttpBackend(options: GitHttpBackendOptions = {}): Promise<GitBackend> {
  const clean = servingEnvironment(options.env ?? process.env);
  const env = { ...clean, ...(options.namespace === undefined ? {} : { GIT_NAMESPACE: options.namespace }) };
  const onWarning = options.onWarning ?? (() => undefined);
  const program = join(await findGitExecPath(env), 'git-http-backend');
  return {
    handle: (request) => {
      request.observer.servedBy('git');
      const body = request.path === 'git-upload-pack' ? watched(request) : request.body;
      const variables = { ...env, ...cgiEnvironment(request, options.allowPush ?? false) };
      return handle(program, variables, { ...request, body }, onWarning);
    },
  };
}

function watched({ body, headers, gitProtocol, observer }: GitRequest): ByteStream {
  return watchUploadRequest({ body, contentEncoding: headers.get('content-encoding'), gitProtocol, observer });
}

async function handle(
  program: string,
  env: NodeJS.ProcessEnv,
  request: GitRequest,
  onWarning: (warning: BackendWarning) => void,
): Promise<GitResponse> {
  request.signal.throwIfAborted();
  const child = spawn(program, [], {
    cwd: request.directory,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: upload-pack and pack-objects end together with the program that started them.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const run = new CgiRun(child, request);
  const stderr = new RemoteTextTail();
  child.stderr.on('data', (chunk: Uint8Array) => {
    stderr.add(chunk);
  });
  void run.exited.then(() => {
    const text = stderr.toString();
    if (text !== '' && !run.wasEnded) onWarning({ directory: request.directory, path: request.path, text });
  });
  try {
    const { head, rest } = await run.readHead();
    return { ...head, body: run.readBody(rest) };
  } catch (error) {
    run.end();
    throw run.reasonFor(error);
  }
}

/** One run of the program. Ends with the request's signal at the latest. */
class CgiRun {
  readonly exited: Promise<void>;
  #wasEnded = false;
  #isOver = false;
  #failure: Error | undefined;
  readonly #child: Child;
  readonly #signal: AbortSignal;
  readonly #output: AsyncIterator<unknown>;

  constructor(child: Child, request: GitRequest) {
    this.#child = child;
    this.#signal = request.signal;
    // Bytes of pipes are read on demand only: a client that reads slowly slows the program down.
    this.#output = child.stdout.iterator({ destroyOnReturn: false });
    this.exited = new Promise((resolve) => {
      // Not 'exit': the programs that http-backend started may outlive it.
      child.once('close', () => {
        this.#isOver = true;
        resolve();
      });
    });
    child.on('error', (error) => {
      this.#failure ??= new GitMirrorError('GM_SYSTEM', `git http-backend cannot be started: ${messageOf(error)}`);
    });
    child.stderr.on('error', () => undefined);
    const onAbort = () => {
      this.end();
    };
    if (request.signal.aborted) onAbort();
    else request.signal.addEventListener('abort', onAbort, { once: true });
    void this.exited.then(() => {
      request.signal.removeEventListener('abort', onAbort);
    });
    void this.#pump(request.body);
  }

  get wasEnded(): boolean {
    return this.#wasEnded;
  }

  async readHead(): Promise<{ head: CgiHead; rest: Uint8Array }> {
    const decoder = new CgiHeadDecoder();
    for (;;) {
      const chunk = await this.#read();
      if (chunk === undefined) {
        if (this.#failure !== undefined) throw this.#failure;
        throw new GitMirrorError('GM_REMOTE', 'git http-backend ended without an answer');
      }
      const done = decoder.push(chunk);
      if (done !== undefined) return done;
    }
  }

  async *readBody(rest: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
    try {
      if (rest.length > 0) yield rest;
      for (;;) {
        const chunk = await this.#read();
        if (chunk === undefined) break;
        yield chunk;
      }
      // Output that ends because the program was stopped is not a complete answer.
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#wasEnded) throw new GitMirrorError('GM_INTERNAL', 'git http-backend was stopped');
      await settlesWithin(this.exited, exitGraceMs);
    } catch (error) {
      throw this.reasonFor(error);
    } finally {
      this.end();
    }
  }

  /** Why the run failed: what stopped it comes before what that led to. */
  reasonFor(error: unknown): unknown {
    return this.#failure ?? (this.#signal.aborted ? this.#signal.reason : error);
  }

  /** Stops the program and all it started, unless it has ended. */
  end(): void {
    const { pid } = this.#child;
    if (this.#wasEnded || this.#isOver || pid === undefined) return;
    this.#wasEnded = true;
    this.#kill(pid, 'SIGTERM');
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    const timer = setTimeout(() => {
      this.#kill(pid, 'SIGKILL');
    }, killGraceMs);
    void this.exited.then(() => {
      clearTimeout(timer);
    });
  }

  async #read(): Promise<Uint8Array | undefined> {
    const next = await this.#output.next();
    return next.done !== true && next.value instanceof Uint8Array ? next.value : undefined;
  }

  /**
   * Hands the request body over. When it breaks off the program is stopped first: its input must not look complete,
   * and http-backend waits forever for the rest of a body of known length.
   */
  async #pump(body: ByteStream): Promise<void> {
    const write = writerOf(this.#child.stdin);
    try {
      for await (const chunk of body) if (!(await write(chunk))) return;
      this.#child.stdin.end();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
      this.end();
    }
  }

  #kill(pid: number, signal: NodeJS.Signals): void {
    try {
      if (process.platform === 'win32') this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // It has just ended by itself.
    }
  }
}

/** The meta-variables of RFC 3875 that git-http-backend(1) reads. */
function cgiEnvironment(request: GitRequest, allowPush: boolean): NodeJS.ProcessEnv {
  const { headers } = request;
  const optional = {
    CONTENT_TYPE: headers.get('content-type'),
    CONTENT_LENGTH: headers.get('content-length'),
    HTTP_CONTENT_ENCODING: headers.get('content-encoding'),
    REMOTE_ADDR: request.remoteAddress,
    GIT_PROTOCOL: request.gitProtocol === '' ? undefined : request.gitProtocol,
  };
  return {
    GIT_PROJECT_ROOT: request.directory,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_HTTP_MAX_REQUEST_BUFFER: String(request.maxBodyBytes),
    // Pushes are refused before; a repository's own configuration must not open them by another way.
    ...(allowPush ? {} : configuration('http.receivepack', 'false')),
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: request.method,
    PATH_INFO: `/${request.path}`,
    QUERY_STRING: request.query,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

function configuration(key: string, value: string): NodeJS.ProcessEnv {
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: key, GIT_CONFIG_VALUE_0: value };
}
