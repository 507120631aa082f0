import type { Advertisement } from '../wire/advertisement.ts';
import { agentCapability } from './agent.ts';

/** The capability lines that a version 2 command begins with: those the server knows. */
export function commandCapabilities(advertisement: Advertisement, userAgent: string): string[] {
  const lines: string[] = [];
  if (advertisement.capabilities.has('agent')) lines.push(agentCapability(userAgent));
  if (advertisement.capabilities.has('object-format')) lines.push(`object-format=${advertisement.objectFormat}`);
  return lines;
}
