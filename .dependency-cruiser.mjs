/**
 * The layers of ARCHITECTURE.md, lowest first. A folder may import from lower ranks and from itself, never from its
 * own rank's other folders and never upwards. Tests beside the code may use the shared fixtures under test/.
 */
const layers = [
  ['core'],
  ['kernel'],
  ['wire', 'objects'],
  ['pack', 'transport'],
  ['repository', 'client'],
  ['walk', 'sync'],
  ['packing'],
  ['upload'],
  ['server', 'mirror'],
  ['node'],
  ['cli', 'web'],
];

const entryPoints = '^src/[a-z-]+\\.ts$';

const layering = layers.flatMap((folders, rank) =>
  folders.map((folder) => {
    const lower = layers.slice(0, rank).flat();
    const allowed = [folder, ...lower].join('|');
    const isTop = rank === layers.length - 1;
    return {
      name: `layer-${folder}`,
      severity: 'error',
      comment: `src/${folder} may import ${lower.length === 0 ? 'nothing' : lower.join(', ')}`,
      from: { path: `^src/${folder}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: [`^src/(${allowed})/`, ...(isTop ? [entryPoints] : [])] },
    };
  }),
);

export default {
  forbidden: [
    ...layering,
    { name: 'no-circular', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'known-folders-only',
      severity: 'error',
      comment: 'Every folder under src/ has a rank; give a new one its place in the table above.',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: `^src/(${layers.flat().join('|')})/` },
    },
    {
      name: 'production-imports-no-test',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: ['^test/', '^bench/', '\\.test\\.ts$'] },
    },
    {
      name: 'wire-does-no-io',
      severity: 'error',
      from: { path: '^src/(core|wire|objects)/', pathNot: ['\\.test\\.ts$', '^src/core/version\\.ts$'] },
      to: { path: '^(node:)?(fs|net|http|https|tls|child_process|stream|zlib|worker_threads)(/|$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
