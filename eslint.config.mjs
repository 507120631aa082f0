import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['assembly/**', 'dist/**', 'node_modules/**', '.data/**'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Pure codecs often implement an asynchronous interface without awaiting anything.
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  // Command line tools.
  { files: ['scripts/**', 'bench/**', 'examples/**', 'test/parity/run.ts'], rules: { 'no-console': 'off' } },
);
