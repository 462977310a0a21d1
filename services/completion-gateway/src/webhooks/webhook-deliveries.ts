import type { Caller, FrontDoor, Principal } from '../front-door/index.ts';
import type { AttemptReports } from '../http/attempt-reports.ts';
import { parseJson } from '../http/json-body.ts';
import { payloadsOfValues } from '../http/payload-json.ts';
import { ProblemError } from '../http/problem.ts';
import { reportIdOf } from '../http/report-id.ts';
import { holds, select, selectOptionalText, selectText } from './select.ts';
import { checkDeliveryHeaders, verifyDelivery, type DeliveryHeaders } from './verify-delivery.ts';
import type { Webhook } from './webhooks.settings.ts';

export interface WebhookDeliveriesParts {
  readonly webhooks: () => readonly Webhook[];
  readonly reports: Pick<AttemptReports, 'complete' | 'fail'>;
  readonly runs: Pick<FrontDoor['runs'], 'signal'>;
}

/** A delivery that was signed by whom the configuration knows. */
export interface Delivery {
  readonly webhook: Webhook;
  readonly id: string;
  readonly body: unknown;
}

type Completing = Extract<Webhook, { readonly completes: unknown }>;
type Signalling = Extract<Webhook, { readonly signals: unknown }>;

/**
 * Webhooks that complete activities or signal runs, as the configuration maps their bodies.
 *
 * The id of a delivery travels into the log: delivered again, by the same gateway or another, it is acknowledged and
 * changes nothing.
 */
export class WebhookDeliveries {
  readonly #parts: WebhookDeliveriesParts;

  constructor(parts: WebhookDeliveriesParts) {
    this.#parts = parts;
  }

  /**
   * Who a delivery would be of, if it is signed: all that can be said before its body is here.
   *
   * @throws ProblemError 404 for an unknown webhook, 401 for headers that no signed delivery has.
   */
  expect(name: string, headers: DeliveryHeaders): Principal {
    const webhook = this.#find(name);
    checkDeliveryHeaders(headers);
    return callerOf(webhook).principal;
  }

  /** @throws ProblemError 404 for an unknown webhook, 401 when it is not signed, 400 when the body is no JSON. */
  verify(name: string, headers: DeliveryHeaders, body: Buffer): Delivery {
    const webhook = this.#find(name);
    const id = verifyDelivery(webhook.secrets, headers, body);
    // Only now: what is not signed is not read.
    return { webhook, id, body: parseJson(body) };
  }

  /**
   * @returns whether it was carried out; what the configuration does not mean is acknowledged and ignored.
   * @throws ProblemError (rejects) 422 when the body is not as the configuration says; else as the attempt reports and the
   * signal of a run.
   */
  async receive({ webhook, id: deliveryId, body }: Delivery): Promise<{ readonly ignored: boolean }> {
    if (typeof body !== 'object' || body === null) throw new ProblemError(422, 'The body is no JSON object.');
    if (webhook.when !== undefined && !holds(body, webhook.when)) return { ignored: true };
    const id = reportIdOf('webhook', webhook.name, deliveryId);
    await ('completes' in webhook ? this.#complete(webhook, body, id) : this.#signal(webhook, body, id));
    return { ignored: false };
  }

  #find(name: string): Webhook {
    const webhook = this.#parts.webhooks().find((each) => each.name === name);
    if (webhook === undefined) throw new ProblemError(404, `There is no webhook ${name.slice(0, 100)}.`);
    return webhook;
  }

  async #complete(webhook: Completing, body: object, reportId: string): Promise<void> {
    const { reports } = this.#parts;
    const { completes } = webhook;
    const caller = callerOf(webhook);
    const attempt = attemptOf(completes, body);
    const { failure, result } = completes;
    if (failure !== undefined && holds(body, failure.when)) {
      const message = selectOptionalText(body, failure.message);
      const errorType = selectOptionalText(body, failure.type);
      const info = { type: 'application', errorType, nonRetryable: false, details: [] } as const;
      await reports.fail(caller, attempt, { failure: { message, source: 'webhook', stackTrace: '', info }, reportId });
      return;
    }
    const value = result === undefined ? undefined : select(body, result);
    await reports.complete(caller, attempt, payloadsOfValues(value === undefined ? [] : [value]), reportId);
  }

  async #signal(webhook: Signalling, body: object, requestId: string): Promise<void> {
    const { signals } = webhook;
    const argument = select(body, signals.argument);
    await this.#parts.runs.signal(callerOf(webhook), {
      workflowId: selectText(body, signals.workflowId),
      runId: selectOptionalText(body, signals.runId),
      signalName: selectText(body, signals.signalName),
      args: payloadsOfValues(argument === undefined ? [] : [argument]),
      requestId,
    });
  }
}

/** A webhook may do in its namespace what it was configured for. */
const callerOf = ({ name, namespace }: Webhook): Caller => ({
  namespace,
  identity: `webhook:${name}`,
  principal: { name, provedBy: 'webhook', may: (_, asked) => asked === namespace },
});

function attemptOf({ taskToken, activityId, workflowId, runId }: Completing['completes'], body: object) {
  if (taskToken !== undefined) return { taskToken: Buffer.from(selectText(body, taskToken), 'base64') };
  return {
    activityId: selectText(body, activityId ?? ''),
    workflowId: selectOptionalText(body, workflowId),
    runId: selectOptionalText(body, runId),
  };
}
