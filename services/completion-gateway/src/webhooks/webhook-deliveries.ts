import type { Caller, FrontDoor, Principal, ReportOptions } from '../front-door/index.ts';
import type { AttemptReports } from '../http/attempt-reports.ts';
import { readJson, type JsonText } from '../http/json-text.ts';
import { payloadsOfTexts } from '../http/payload-json.ts';
import { ProblemError } from '../http/problem.ts';
import { reportIdOf } from '../http/report-id.ts';
import type { TraceOfCaller } from '../http/request-context.ts';
import { holds, select, selectOptionalText, selectText, selectWords } from './select.ts';
import {
  checkDeliveryHeaders,
  notSigned,
  verifyDelivery,
  type DeliveryHeaders,
  type VerifiedDelivery,
} from './verify-delivery.ts';
import type { Selector, Webhook } from './webhooks.settings.ts';

export interface WebhookDeliveriesParts {
  readonly webhooks: () => readonly Webhook[];
  readonly reports: Pick<AttemptReports, 'complete' | 'fail'>;
  readonly runs: Pick<FrontDoor['runs'], 'signal'>;
}

/** A delivery that was signed by whom the configuration knows. */
export interface Delivery extends VerifiedDelivery {
  readonly webhook: Webhook;
  readonly body: JsonText;
}

type SignedReport = Required<Pick<ReportOptions, 'reportId' | 'issuedAt'>>;
type Completing = Extract<Webhook, { readonly completes: unknown }>;
type Signalling = Extract<Webhook, { readonly signals: unknown }>;

/**
 * Webhooks that complete activities or signal runs, as the configuration maps their bodies.
 *
 * The id of a delivery and the time at which it was sent travel into the log: delivered again, by the same gateway or
 * another, it is acknowledged and changes nothing; and it changes no run that began later.
 */
export class WebhookDeliveries {
  readonly #parts: WebhookDeliveriesParts;

  constructor(parts: WebhookDeliveriesParts) {
    this.#parts = parts;
  }

  /**
   * Who a delivery would be of, if it is signed: all that can be said before its body is here.
   *
   * @throws ProblemError 401 for an unknown webhook, and for headers that no signed delivery has.
   */
  expect(name: string, headers: DeliveryHeaders): Principal {
    const webhook = this.#find(name);
    checkDeliveryHeaders(headers);
    return callerOf(webhook).principal;
  }

  /** @throws ProblemError 401 for an unknown webhook, and when it is not signed, 400 when the body is no JSON. */
  verify(name: string, headers: DeliveryHeaders, body: Buffer): Delivery {
    const webhook = this.#find(name);
    const verified = verifyDelivery(webhook.secrets, headers, body);
    // Only now: what is not signed is not read.
    return { webhook, ...verified, body: readJson(body) };
  }

  /**
   * @param trace that the delivery belongs to.
   * @returns whether it was carried out; what the configuration does not mean is acknowledged and ignored.
   * @throws ProblemError (rejects) 422 when the body is not as the configuration says; else as the attempt reports and the
   * signal of a run.
   */
  async receive(
    { webhook, id: deliveryId, issuedAt, body }: Delivery,
    trace: TraceOfCaller = {},
  ): Promise<{ readonly ignored: boolean }> {
    if (!body.isContainer) throw new ProblemError(422, 'The body is no JSON object.');
    if (webhook.when !== undefined && !holds(body, webhook.when)) return { ignored: true };
    const report = { reportId: reportIdOf('webhook', webhook.name, deliveryId), issuedAt };
    const caller = { ...callerOf(webhook), ...trace };
    const done =
      'completes' in webhook
        ? this.#complete(caller, webhook, body, report)
        : this.#signal(caller, webhook, body, report);
    await done.catch(throwNotGone);
    return { ignored: false };
  }

  #find(name: string): Webhook {
    const webhook = this.#parts.webhooks().find((each) => each.name === name);
    if (webhook === undefined) throw notSigned(`there is no webhook ${name.slice(0, 100)}`);
    return webhook;
  }

  async #complete(caller: Caller, webhook: Completing, body: JsonText, report: SignedReport): Promise<void> {
    const { reports } = this.#parts;
    const { completes } = webhook;
    const attempt = attemptOf(completes, body);
    const { failure, result } = completes;
    if (failure !== undefined && holds(body, failure.when)) {
      const message = selectWords(body, failure.message);
      const errorType = selectWords(body, failure.type);
      const nonRetryable = isTrue(body, failure.nonRetryable);
      const info = { type: 'application', errorType, nonRetryable, details: [] } as const;
      await reports.fail(caller, attempt, { failure: { message, source: 'webhook', stackTrace: '', info }, ...report });
      return;
    }
    const value = result === undefined ? undefined : select(body, result);
    await reports.complete(caller, attempt, payloadsOfTexts(value === undefined ? [] : [value]), report);
  }

  async #signal(
    caller: Caller,
    { signals }: Signalling,
    body: JsonText,
    { reportId: requestId, issuedAt }: SignedReport,
  ): Promise<void> {
    const argument = select(body, signals.argument);
    await this.#parts.runs.signal(caller, {
      workflowId: selectText(body, signals.workflowId),
      runId: selectOptionalText(body, signals.runId),
      signalName: selectText(body, signals.signalName),
      args: payloadsOfTexts(argument === undefined ? [] : [argument]),
      requestId,
      issuedAt,
    });
  }
}

const isTrue = (body: JsonText, selector: Selector | boolean): boolean =>
  typeof selector === 'boolean' ? selector : holds(body, { at: selector, equals: true });

/** To a sender of Standard Webhooks 410 says that this address wants no more of any: it is this delivery that is not. */
function throwNotGone(error: unknown): never {
  if (!(error instanceof ProblemError) || error.problem.status !== 410) throw error;
  throw new ProblemError(409, error.problem.detail, {}, { cause: error });
}

/** A webhook may do in its namespace what it was configured for. */
const callerOf = ({ name, namespace }: Webhook): Caller => ({
  namespace,
  identity: `webhook:${name}`,
  principal: { name, provedBy: 'webhook', may: (_, asked) => asked === namespace },
});

function attemptOf({ taskToken, activityId, workflowId, runId }: Completing['completes'], body: JsonText) {
  if (taskToken !== undefined) return { taskToken: Buffer.from(selectText(body, taskToken), 'base64') };
  return {
    activityId: selectText(body, activityId ?? ''),
    workflowId: selectOptionalText(body, workflowId),
    runId: selectOptionalText(body, runId),
  };
}
