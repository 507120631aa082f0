/** Bounds on the small files of a repository: configuration, refs, listings. Whoever can write to one may be hostile. */
export const repositoryLimits = {
  /** Bytes of a `.git` file (git: 1 MiB) and of `commondir`. */
  maxGitFileBytes: 1024 * 1024,
  /** Bytes of one configuration file. */
  maxConfigFileBytes: 16 * 1024 * 1024,
  /** Bytes of all configuration files of one repository, each counted as often as it is included. */
  maxConfigBytes: 64 * 1024 * 1024,
  /** Configuration files that are read for one repository, each counted as often as it is included. */
  maxConfigFiles: 1000,
  /** Includes inside includes (git: 10). */
  maxIncludeDepth: 10,
  /** Bytes of a glob in `includeIf`. */
  maxGlobBytes: 2048,
  /** Bytes of a loose ref. */
  maxLooseRefBytes: 64 * 1024,
  /** Symbolic refs followed (git: SYMREF_MAXDEPTH). */
  maxSymrefDepth: 5,
  /** Folders inside folders under `refs/`. */
  maxRefFolderDepth: 512,
  /** Loose refs in one repository. */
  maxLooseRefs: 2_000_000,
  /** Bytes of packed-refs. */
  maxPackedRefsBytes: 2 * 1024 * 1024 * 1024,
  /** Bytes of packed-refs, or of a reftable, that are kept in memory; a larger file is read in windows. */
  maxHeldRefFileBytes: 1024 * 1024,
  /** Bytes of a packed-refs file that is not sorted, which has to be held whole. */
  maxUnsortedPackedRefsBytes: 256 * 1024 * 1024,
  /** Bytes of `tables.list` of a reftable, and tables in it. */
  maxTablesListBytes: 1024 * 1024,
  maxReftables: 1000,
  /** Bytes of one reftable that is read. */
  maxReftableBytes: 2 * 1024 * 1024 * 1024,
  /** Levels of a reftable's index. */
  maxReftableIndexDepth: 8,
  /** Bytes of `shallow` and `info/grafts`. */
  maxShallowBytes: 256 * 1024 * 1024,
  /** Bytes of `info/alternates`, and object directories in all. */
  maxAlternatesBytes: 1024 * 1024,
  maxAlternates: 1000,
  /** Alternates of alternates (git: 5). */
  maxAlternateDepth: 5,
} as const;
