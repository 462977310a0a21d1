import type { temporal } from '@temporalio/proto';
import { FrontDoorError, type NamespaceCalls } from '../../front-door/index.ts';
import { callerOf, type Handlers } from '../handler.ts';
import { numbersOf } from '../wire/proto.ts';

type OperatorMethod = 'listSearchAttributes' | 'addSearchAttributes' | 'removeSearchAttributes';
type ValueType = 'unspecified' | 'text' | 'keyword' | 'int' | 'double' | 'bool' | 'datetime' | 'keyword-list';

const valueTypes = numbersOf<ValueType, temporal.api.enums.v1.IndexedValueType>('IndexedValueType', {
  unspecified: true,
  text: true,
  keyword: true,
  int: true,
  double: true,
  bool: true,
  datetime: true,
  'keyword-list': true,
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

/**
 * What of the OperatorService there is: a namespace has no search attributes beside the system's own. One that is added is
 * refused as the reference refuses it where its store has no field left; one that is removed is not there.
 */
export const operatorHandlers = (namespaces: NamespaceCalls): Handlers<OperatorMethod> => ({
  listSearchAttributes: (request, call) => {
    namespaces.describe(callerOf(request, call));
    return {
      customAttributes: {},
      systemAttributes: Object.fromEntries(
        Object.entries(systemAttributes).map(([name, type]) => [name, valueTypes[type]]),
      ),
    };
  },

  addSearchAttributes: (request, call) => {
    namespaces.describe(callerOf(request, call));
    const wanted = Object.entries(request.searchAttributes ?? {});
    const reserved = wanted.find(([name]) => isReserved(name));
    if (reserved !== undefined) throw invalid(`Search attribute ${reserved[0]} is reserved by system.`);
    const [first = notSet()] = wanted.map(([, type]) => nameOf(type));
    throw invalid(
      `Unable to create search attributes: cannot have more than 0 search attribute of type ${first}. ` +
        'Ratchet keeps no search attributes beside those of the system.',
    );
  },

  removeSearchAttributes: (request, call) => {
    namespaces.describe(callerOf(request, call));
    const names = request.searchAttributes ?? [];
    if (names.length === 0) notSet();
    const own = names.find((name) => Object.hasOwn(systemAttributes, name));
    if (own !== undefined) throw invalid(`Unable to remove non-custom search attributes: ${own}.`);
    return {};
  },
});

const isReserved = (name: string): boolean => Object.hasOwn(systemAttributes, name) || name.startsWith('Temporal');

/** As the reference names a type: `KeywordList`. */
function nameOf(type: temporal.api.enums.v1.IndexedValueType): string {
  const word = Object.entries(valueTypes).find(([, number]) => number === type)?.[0];
  if (word === undefined) throw invalid(`Unknown search attribute type: ${String(type)}.`);
  return word.replace(/(?:^|-)./g, (start) => start.slice(-1).toUpperCase());
}

function notSet(): never {
  throw invalid('SearchAttributes are not set on request.');
}

const invalid = (message: string): FrontDoorError => new FrontDoorError('INVALID_ARGUMENT', message);
