import type { Command } from './command.ts';
import { decideClaim } from './decide/claim.ts';
import { decideComplete } from './decide/complete.ts';
import { decideDelete } from './decide/delete.ts';
import { decideDispatchDue, decideFailDispatch, decideRedispatch } from './decide/dispatch.ts';
import { decideExpireBefore } from './decide/expire.ts';
import { decideFail } from './decide/fail.ts';
import { decideHeartbeat } from './decide/heartbeat.ts';
import { decidePause, decideUnpause } from './decide/pause.ts';
import { decideReportCanceled } from './decide/report-canceled.ts';
import { reportOnce } from './decide/report-once.ts';
import { decideRequestCancel } from './decide/request-cancel.ts';
import { decideReset } from './decide/reset.ts';
import {
  decideCloseRun,
  decideOpenRun,
  decideRequestCancelRun,
  decideTakeOverRun,
  decideTimeOutRun,
  staleDriver,
} from './decide/run.ts';
import { decideSchedule } from './decide/schedule.ts';
import { decideAcknowledgeSignals, decideSignalRun } from './decide/signal.ts';
import { decideCloseWithRun, decideTerminate } from './decide/terminate.ts';
import { decideTimeOut } from './decide/time-out.ts';
import { decideUpdateOptions } from './decide/update-options.ts';
import { decideUseRules } from './decide/use-rules.ts';
import type { Decision, DecisionContext } from './decision.ts';
import type { PartitionView } from './partition-view.ts';
import { unreachable } from './units.ts';

const completeOnce = reportOnce(decideComplete);
const failOnce = reportOnce(decideFail);
const reportCanceledOnce = reportOnce(decideReportCanceled);

/**
 * The only place where a command becomes a `Change` of state and `Effect`s.
 *
 * Pure: the same state, command and context give the same decision on every machine and on every replay. A late,
 * doubled or reordered command is a normal day, so it is refused by a value and never thrown; what is thrown is an
 * `InvariantError`, and then this code is wrong.
 *
 * @param view the state as of the command before.
 * @returns what is to be changed, what others are told of it, and what the sender is answered: each whole, and its lists in
 *     their order; or why nothing of that is to be.
 */
export function decide(view: PartitionView, command: Command, context: DecisionContext): Decision {
  return staleDriver(view, command) ?? decided(view, command, context);
}

function decided(view: PartitionView, command: Command, context: DecisionContext): Decision {
  switch (command.type) {
    case 'Schedule':
      return decideSchedule(view, command, context);
    case 'Claim':
      return decideClaim(view, command, context);
    case 'RecordHeartbeat':
      return decideHeartbeat(view, command, context);
    case 'Complete':
      return completeOnce(view, command, context);
    case 'Fail':
      return failOnce(view, command, context);
    case 'ReportCanceled':
      return reportCanceledOnce(view, command, context);
    case 'RequestCancel':
      return decideRequestCancel(view, command, context);
    case 'Terminate':
      return decideTerminate(view, command, context);
    case 'Delete':
      return decideDelete(view, command, context);
    case 'CloseWithRun':
      return decideCloseWithRun(view, command, context);
    case 'Pause':
      return decidePause(view, command, context);
    case 'Unpause':
      return decideUnpause(view, command, context);
    case 'Reset':
      return decideReset(view, command, context);
    case 'UpdateOptions':
      return decideUpdateOptions(view, command, context);
    case 'TimeOut':
      return decideTimeOut(view, command, context);
    case 'DispatchDue':
      return decideDispatchDue(view, command, context);
    case 'Redispatch':
      return decideRedispatch(view, command, context);
    case 'FailDispatch':
      return decideFailDispatch(view, command, context);
    case 'OpenRun':
      return decideOpenRun(view, command, context);
    case 'RequestCancelRun':
      return decideRequestCancelRun(view, command, context);
    case 'CloseRun':
      return decideCloseRun(view, command, context);
    case 'TakeOverRun':
      return decideTakeOverRun(view, command, context);
    case 'TimeOutRun':
      return decideTimeOutRun(view, command, context);
    case 'SignalRun':
      return decideSignalRun(view, command, context);
    case 'AcknowledgeSignals':
      return decideAcknowledgeSignals(view, command, context);
    case 'ExpireBefore':
      return decideExpireBefore(view, command, context);
    case 'UseRules':
      return decideUseRules(command, context);
    default:
      return unreachable(command);
  }
}
