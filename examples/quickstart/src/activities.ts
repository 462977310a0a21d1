import { Context } from '@ratchet/worker';

export async function greet(name: string): Promise<string> {
  Context.current().heartbeat({ greeting: name });
  await Context.current().sleep('10ms');
  return `Hello, ${name}!`;
}
