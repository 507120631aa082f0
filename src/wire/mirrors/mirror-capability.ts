/** Command of protocol v2 that asks for the mirrors of a repository. Also the name of the capability that offers it. */
export const mirrorsCommand = 'mirrors';
/** Command of protocol v2 by which a mirror says that it exists. */
export const mirrorNotifyCommand = 'mirror-notify';
/** The capability of a server that knows both. In v0 and v1, where no command can be sent, there is the list alone. */
export const mirrorsCapability = { v2: 'mirrors=list notify', v0: 'mirrors=list' } as const;
