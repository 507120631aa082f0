/** Lines of a trace by the name of the program that wrote them: several processes of one command write to one file. */
export type PacketTrace = ReadonlyMap<string, readonly string[]>;

const linePattern = /^\d\d:\d\d:\d\d\.\d+ \S+\s+packet:\s+([\w-]+)([<>]) (.*)$/;

/**
 * Reads what `GIT_TRACE_PACKET` has written: `< ` in front of what a program received and `> ` of what it sent. Which of
 * two processes wrote first is chance, so lines are kept apart by program.
 */
export function parsePacketTrace(text: string): PacketTrace {
  const trace = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, program, direction, content] = linePattern.exec(line) ?? [];
    if (program === undefined || direction === undefined || content === undefined) continue;
    let lines = trace.get(program);
    if (lines === undefined) trace.set(program, (lines = []));
    lines.push(`${direction} ${content}`);
  }
  return trace;
}

/**
 * Takes out of the lines of one program what differs from run to run: agent, session ids, and of progress all but the
 * last word on each thing.
 */
export function normalisePackets(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let progress = '';
  const flush = (): void => {
    for (const line of finalProgress(progress)) kept.push(`< \\2${line}`);
    progress = '';
  };
  for (const line of lines) {
    if (line.startsWith('< \\2')) {
      progress += unescapePackets(line.slice(4));
      continue;
    }
    // Whether the last words of progress come before or behind the beginning of the pack is chance.
    if (line !== '< PACK ...') flush();
    kept.push(maskIdentity(line));
  }
  flush();
  return kept;
}

/** Replaces agent and session id, which no two versions and no two runs share. */
export function maskIdentity(line: string): string {
  return line.replace(/\bagent=[^\s\\]+/g, 'agent=*').replace(/\bsession-id=[^\s\\]+/g, 'session-id=*');
}

/**
 * The last word of each thing that progress tells of, without numbers that depend on how the pack was made: threads,
 * deltas and what was reused.
 */
export function finalProgress(text: string): readonly string[] {
  const lines: string[] = [];
  // The demultiplexer's trace leaves out the end of a line that it ends itself.
  for (const line of text.replace(/(, done\.)(?=\S)/g, '$1\n').split(/[\r\n]+/)) {
    const trimmed = line.trim();
    if (trimmed.endsWith(', done.')) lines.push(trimmed.replace(/^(Compressing objects: .*?)\(\d+\/\d+\)/, '$1(*)'));
    else if (/^Total \d+/.test(trimmed)) lines.push(trimmed.replace(/(delta|reused|pack-reused|from) \d+/g, '$1 *'));
    else if (trimmed !== '' && !/^[\w ]+: +\d+%? ?(?:\(\d+\/\d+\))?$/.test(trimmed)) lines.push(trimmed);
  }
  return lines;
}

/** Undoes what the trace does to bytes that cannot be printed. */
function unescapePackets(text: string): string {
  return text.replace(/\\([0-7]{1,3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
