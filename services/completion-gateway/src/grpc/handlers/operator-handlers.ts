import type { temporal } from '@temporalio/proto';
import type { NamespaceCalls } from '../../front-door/index.ts';
import { callerOf, type Handlers } from '../handler.ts';
import { numbersOf } from '../wire/proto.ts';

type ValueType = 'keyword' | 'datetime' | 'int';

const valueTypes = numbersOf<ValueType, temporal.api.enums.v1.IndexedValueType>('IndexedValueType', {
  keyword: true,
  datetime: true,
  int: true,
});

/** The attributes that every execution has of itself (semantics section 1.4, visibility), and those of the reference's that tools ask for. */
const systemAttributes: Readonly<Record<string, ValueType>> = {
  ActivityId: 'keyword',
  ActivityType: 'keyword',
  CloseTime: 'datetime',
  ExecutionDuration: 'int',
  ExecutionStatus: 'keyword',
  ExecutionTime: 'datetime',
  HistoryLength: 'int',
  HistorySizeBytes: 'int',
  ParentRunId: 'keyword',
  ParentWorkflowId: 'keyword',
  RootRunId: 'keyword',
  RootWorkflowId: 'keyword',
  RunId: 'keyword',
  StartTime: 'datetime',
  StateTransitionCount: 'int',
  TaskQueue: 'keyword',
  WorkflowId: 'keyword',
  WorkflowType: 'keyword',
};

/** What of the OperatorService there is: a namespace has no search attributes beside the system's own. */
export const operatorHandlers = (namespaces: NamespaceCalls): Handlers<'listSearchAttributes'> => ({
  listSearchAttributes: (request, call) => {
    namespaces.describe(callerOf(request, call));
    return {
      customAttributes: {},
      systemAttributes: Object.fromEntries(
        Object.entries(systemAttributes).map(([name, type]) => [name, valueTypes[type]]),
      ),
    };
  },
});
