import { MirrorInterrupts } from '../mirror/fetch/mirror-interrupts.ts';
import type { Host } from './host.ts';
import { Interrupted } from './interruption.ts';

/** Does `work` with Ctrl-C as commands have it that ask mirrors; signals get their usual meaning back afterwards. */
export async function withMirrorInterrupts<Result>(
  host: Host,
  work: (interrupts: MirrorInterrupts) => Promise<Result>,
): Promise<Result> {
  const interrupts = new MirrorInterrupts((signal) => new Interrupted(signal));
  const stopListening = host.onStopSignal((signal) => {
    interrupts.receive(signal);
  });
  try {
    return await work(interrupts);
  } catch (error) {
    // Whatever a cut-off step makes of it: the user has asked for the end.
    interrupts.signal.throwIfAborted();
    throw error;
  } finally {
    stopListening();
  }
}
