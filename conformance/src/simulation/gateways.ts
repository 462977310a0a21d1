import { namespaceRetentionMsDefault, type Namespace } from '@ratchet/domain';
import { deadLetter, type InputRecord } from '@ratchet/kafka';
import { CompletionHandler, createFrontDoor, FrontDoorError, isPoisonous } from '@ratchet/completion-gateway/logic';
import type { TaskTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
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
const redeliveryMs = 1_000;

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

  /** As `CompletionsReader` does it: what cannot be done now is tried until it can, or goes to the dead letters. */
  async take(record: InputRecord): Promise<void> {
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

/** Each event to one of the gateways at least; to another one when that dies before it is done. */
export function readCompletions(gateways: readonly Gateway[], parts: PartyParts): void {
  const { world, log, partitions } = parts;
  const deliver = (record: InputRecord): void => {
    const awake = gateways.filter(({ party }) => party.process.isAlive);
    if (awake.length === 0) {
      world.later(undefined, redeliveryMs, () => deliver(record));
      return;
    }
    const gateway = world.pick(awake);
    const { process } = gateway.party;
    const { life } = process;
    let isDone = false;
    const look = (): void => {
      if (isDone) return;
      if (process.life !== life) deliver(record);
      else world.later(undefined, redeliveryMs, look);
    };
    world.later(process, world.between(1, 12), () => {
      void gateway.take(record).then(() => {
        isDone = true;
      });
    });
    world.later(undefined, redeliveryMs, look);
  };
  for (let partition = 0; partition < partitions; partition++) {
    const events = log.of(topics.completions, partition);
    let position = 0;
    events.subscribe(() => {
      const batch = log.fetch(events, position, 1_000);
      if (batch === undefined) return;
      position = batch.nextOffset;
      for (const record of batch.records) deliver(record);
    });
  }
}
