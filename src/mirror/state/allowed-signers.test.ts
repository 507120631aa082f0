import { describe, expect, it } from 'vitest';
import { parseAllowedSigners } from './allowed-signers.ts';

const key = `ssh-ed25519 ${'A'.repeat(68)}`;

describe('parseAllowedSigners', () => {
  it('reads a line each, and leaves out comments and empty ones', () => {
    const text = `# who may\n\nalice@example.com ${key} alice's laptop\r\n  bob,*@example.org\t${key}\n`;
    expect(parseAllowedSigners(text, 'signers')).toEqual([
      `ssh alice@example.com ${key}`,
      `ssh bob,*@example.org ${key}`,
    ]);
  });

  it('names the line that it cannot use', () => {
    expect(() => parseAllowedSigners(`a ${key}\nb namespaces="git" ${key}\n`, 'signers')).toThrow(
      /signers, line 2: write/,
    );
  });
});
