import { expect, test } from 'vitest';
import { defaultTransferOptions, setTransferOption, type TransferOptions } from './transfer-options.ts';

function setAll(pairs: readonly (readonly [name: string, value: string])[]): TransferOptions {
  let options = defaultTransferOptions;
  for (const [name, value] of pairs) {
    const result = setTransferOption(options, name, value);
    if (typeof result === 'string') throw new Error(result);
    options = result;
  }
  return options;
}

test('gathers what git sets', () => {
  const options = setAll([
    ['progress', 'true'],
    ['verbosity', '0'],
    ['depth', '3'],
    ['deepen-not', 'v1'],
    ['deepen-not', '"v\\t2"'],
    ['cloning', 'true'],
    ['cas', 'refs/heads/main:1234'],
    ['push-option', 'a=b'],
    ['from-promisor', '1'],
    ['pushcert', 'if-asked'],
  ]);
  expect(options).toEqual({
    ...defaultTransferOptions,
    progress: true,
    verbosity: 0,
    depth: '3',
    deepenNot: ['v1', 'v\t2'],
    cloning: true,
    leases: ['refs/heads/main:1234'],
    pushOptions: ['a=b'],
    fromPromisor: true,
    pushCertificate: 'if-asked',
  });
});

test('a depth of nothing takes it back', () => {
  expect(
    setAll([
      ['depth', '3'],
      ['depth', '0'],
    ]),
  ).toEqual(defaultTransferOptions);
});

test.each(['servpath', 'uploadpack', 'no-such-option'])('%s is unsupported', (name) => {
  expect(setTransferOption(defaultTransferOptions, name, 'x')).toBe('unsupported');
});

test.each([
  ['depth', '-1'],
  ['depth', '1 --upload-pack=x'],
  ['verbosity', 'much'],
  ['family', 'ipv5'],
  ['cloning', 'perhaps'],
  ['filter', '"open'],
])('%s %s is an error', (name, value) => {
  expect(setTransferOption(defaultTransferOptions, name, value)).toMatch(/^error /);
});
