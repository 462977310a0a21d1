import { connectBroker, startCluster } from '@ratchet/testing';
import { TableCluster } from './cancellation-table-cluster.fixture.ts';
import { CellPlay, isOfClosingWorker, workflowSees, type ClusterSighting } from './cancellation-table-play.fixture.ts';
import { cancellationTable, cellName } from './cancellation-table.ts';

/** All cells at once: what takes time in them is waiting. */
async function playAll(table: TableCluster): Promise<readonly PromiseSettledResult<ClusterSighting>[]> {
  const plays = table.stages.map((stage, index) => new CellPlay(table, stage, index));
  const entered = plays.map((play) => play.enter());
  const closing = Promise.all(entered.filter((_, index) => isOfClosingWorker(cellAt(index))));
  const told: PromiseWithResolvers<void> = Promise.withResolvers();
  const replaced = closing.then(() => {
    const replacing = table.replaceClosingWorker();
    told.resolve();
    return replacing;
  });
  const sightings = plays.map(async (play, index) => {
    await entered[index];
    await play.meet(told.promise);
    return play.sighting();
  });
  const settled = await Promise.allSettled(sightings);
  await replaced;
  return settled;
}

function cellAt(index: number): (typeof cancellationTable)[number] {
  const cell = cancellationTable[index];
  if (cell === undefined) throw new Error(`Expected to find a cell, but there is none at ${String(index)}`);
  return cell;
}

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let table: TableCluster;
let sightings: readonly PromiseSettledResult<ClusterSighting>[];

beforeAll(async () => {
  ratchet = await startCluster();
  table = await TableCluster.start(connectBroker(), cancellationTable);
  sightings = await playAll(table);
});

afterAll(async () => {
  await table.stop();
  await ratchet.stop();
});

test.each(cancellationTable.map((cell, index) => ({ name: cellName(cell), cell, index })))(
  '$name',
  ({ cell, index }) => {
    const { told, end } = cell;
    const value = { told: told === '-' ? [] : [told], end, leaks: [], ...workflowSees(cell) };
    expect(sightings[index]).toEqual({ status: 'fulfilled', value });
  },
);
