import { namespaceRetentionMsDefault, type Namespace } from '@ratchet/domain';
import { deadLetter, type InputRecord } from '@ratchet/kafka';
import { CompletionHandler, createFrontDoor, FrontDoorError, isPoisonous } from '@ratchet/completion-gateway/logic';
import type { TaskTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { deliverAll } from './deliveries.ts';
import { Party, type PartyParts } from './party.ts';
import { beginning } from './world.ts';

export interface GatewayParts extends PartyParts {
  readonly signer: TaskTokenSigner;
}

const namespace: Namespace = {
  name: 'default',
  id: 'default',
  description: '',
  retentionMs: namespaceRetentionMsDefault,
  registeredAt: beginning as Namespace['registeredAt'],
  limits: { requestsPerSecondMax: 0 },
};

const retryMs = 400;

/** The part of the gateway that reads events of external systems: each becomes a command, once it is answered it is done. */
export class Gateway {
  readonly party: Party;
  readonly #parts: GatewayParts;
  #handler: CompletionHandler;

  constructor(name: string, parts: GatewayParts) {
    this.#parts = parts;
    this.party = new Party(name, parts);
    this.#handler = this.#newHandler();
  }

  restart(): void {
    this.party.restart();
    this.#handler = this.#newHandler();
  }

  /**
   * As `CompletionsReader` does it: what cannot be done now is tried until it can, or goes to the dead letters.
   *
   * @param done told once it is answered, or a dead letter.
   */
  async take(record: InputRecord, done: () => void): Promise<void> {
    await this.#carryOut(record);
    done();
  }

  async #carryOut(record: InputRecord): Promise<void> {
    for (;;) {
      try {
        await this.#handler.carryOut(await this.#handler.read(record), undefined);
        return;
      } catch (error) {
        const isVerdict = isPoisonous(error) || (error instanceof FrontDoorError && error.status !== 'UNAVAILABLE');
        if (isVerdict) {
          await this.party.outbox.send(deadLetter(record, String(error)));
          return;
        }
        await this.party.sleep(retryMs);
      }
    }
  }

  #newHandler(): CompletionHandler {
    const { codec, signer: tokens } = this.#parts;
    const { attempts } = createFrontDoor({
      channel: this.party.channel,
      tokens,
      directory: { find: () => namespace } as unknown as Parameters<typeof createFrontDoor>[0]['directory'],
      dispatch: {} as Parameters<typeof createFrontDoor>[0]['dispatch'],
      polls: { during: (_, wait) => wait() },
    });
    return new CompletionHandler({ codec, attempts });
  }
}

/** The events of external systems on their way to the gateways. */
export function readCompletions(gateways: readonly Gateway[], { world, log, partitions }: PartyParts): void {
  const events = Array.from({ length: partitions }, (_, partition) => log.of(topics.completions, partition));
  deliverAll(events, gateways, { world, log, redeliveryMs: 1_000 });
}
