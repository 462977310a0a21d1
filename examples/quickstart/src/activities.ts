import { Context } from '@ratchet/worker';

export async function greet(name: string): Promise<string> {
  Context.current().heartbeat({ greeting: name });
  return `Hello, ${name}!`;
}
