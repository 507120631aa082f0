import { expect, it } from 'vitest';
import { presentRemoteText, RemoteTextTail } from './remote-text.ts';

it('shows the last state of every line and nothing that moves the cursor', () => {
  const said = 'Counting: 1%\rCounting: 100%\r\n\u001b[31mfatal\u001b[0m: n\u0007o\u202e\n\n  ERROR: x \n';
  expect(presentRemoteText(said)).toBe('Counting: 100%; fatal: no; ERROR: x');
});

it('leaves out what ssh says every time', () => {
  expect(presentRemoteText("Warning: Permanently added '[127.0.0.1]:1' (ED25519) to the list.\r\nno\r\n")).toBe('no');
});

it('removes credentials', () => {
  expect(presentRemoteText("fatal: unable to access 'https://u:p@host/x/'")).toBe(
    "fatal: unable to access 'https://host/x/'",
  );
});

it('keeps the end of a long text, in whole lines', () => {
  const tail = new RemoteTextTail();
  for (let index = 0; index < 2000; index += 1) tail.add(Buffer.from(`line ${String(index).padStart(5, '0')}\n`));
  const shown = String(tail).split('; ');
  expect(shown.at(-1)).toBe('line 01999');
  expect(shown.length).toBeLessThan(400);
  expect(shown.every((line) => /^line \d{5}$/.test(line))).toBe(true);
});
