import type { Repository } from '../repositories/repository.ts';
import { runGitForBytes } from '../repositories/run-git.ts';

/** What git-upload-pack (version 2) answers to fetch arguments, by section: its lines, the pack left out. */
export async function askUploadPack(
  repository: Repository,
  lines: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const format = await repository.git('rev-parse', '--show-object-format');
  const input = [
    packet('command=fetch'),
    packet(`object-format=${format}`),
    '0001',
    ...lines.map((line) => packet(line)),
    '0000',
  ].join('');
  const answer = await runGitForBytes(['-c', 'uploadpack.allowFilter=true', 'upload-pack', '--stateless-rpc', '.'], {
    cwd: repository.path,
    input,
    env: { GIT_PROTOCOL: 'version=2' },
  });
  const sections = new Map<string, string[]>();
  let section: string[] | undefined;
  for (let at = 0; at < answer.length;) {
    const length = Number.parseInt(answer.toString('latin1', at, at + 4), 16);
    if (length < 4) {
      at += 4;
      section = undefined;
      continue;
    }
    const line = answer.toString('latin1', at + 4, at + length).trimEnd();
    at += length;
    if (section !== undefined) section.push(line);
    else if (line === 'packfile') break;
    else {
      section = [];
      sections.set(line, section);
    }
  }
  return sections;
}

function packet(line: string): string {
  return `${(line.length + 5).toString(16).padStart(4, '0')}${line}\n`;
}
